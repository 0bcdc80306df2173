"""Letters to many, written by staff in Markdown: to whom (the **segment**), tried on oneself, sent now or at a time, paused,
stopped. The recipients are fixed when sending starts; how each letter goes out is `mail.many`'s matter.
"""
