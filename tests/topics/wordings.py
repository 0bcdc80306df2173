"""A town's topics, rewordings of some of them, and topics that are about something else though words are shared."""

LISTED = """
Who owns the harbour now that the quays were sold?
Why was the night bus to Millbrook cancelled?
What is in our drinking water?
Why do so many flats above the shops stand empty?
Who profits from the new parking fees in the old town?
How safe are the bicycle lanes on Bridge Street?
What did the new theatre roof really cost?
Where does our recycling end up?
Why are there not enough nursery places?
Who decides which trees are cut down in the city park?
How long do patients wait in the emergency room?
What becomes of the care home when its contract ends?
Why is the swimming pool still closed?
How much money does the football club get from the council?
Who is buying up farmland around the estuary?
Is the air near the steelworks making children ill?
Why are rents rising faster than wages?
What happens to refugees when the shelter shuts in spring?
Which streets flood first when the river rises?
Are the police using facial recognition cameras?
How many teachers are missing at our primary schools?
Who pays for the delayed railway bridge?
Why do the street lamps go out at midnight?
What do landlords earn with holiday flats?
Where did the donations for the burnt library go?
Who is behind the plans for wind turbines on the ridge?
Why does the ferry cost twice as much as ten years ago?
What was promised to the factory workers who lost their jobs?
How accessible are our railway stations for wheelchairs?
Who gets the contracts for clearing snow?
Why is the maternity ward being moved to the next county?
What happened to the money for school meals?
How many accidents happen at the crossing by the mill?
Is the old landfill leaking into the stream?
Why can nobody find a dentist who takes new patients?
Who sits on the hospital board, and what are they paid?
Why is mobile reception so bad in the valley?
How do the churches use their empty buildings?
What does the tourist tax pay for?
Why are the allotments to be built over?
Who checks the kitchens of our restaurants?
How much plastic lies on our beaches?
Why are court cases taking years?
What do the councillors earn on the side?
Are cruise ships polluting the bay?
Why are there so many rats behind the market hall?
Who maintains the playgrounds?
How does the university treat its foreign students?
Why did the post office close its last branch here?
What is being stored in the old barracks?
Wer verdient an der Schließung des Freibads?
Warum fehlen in unseren Grundschulen Lehrer?
Wohin geht das Geld aus der Kurtaxe?
¿Quién se beneficia de la venta del mercado viejo?
¿Por qué tarda tanto el autobús al hospital?
¿Está contaminada el agua del pueblo?
Хто вирубує ліс біля річки?
Чому зачинили поліклініку на околиці?
Скільки коштував ремонт набережної?
Чому в школах немає укриттів?
""".strip().splitlines()

REWORDED = [
    ("After the sale of the quays, to whom does the port belong?", LISTED[0]),
    ("No more night buses to Millbrook: what was the reason?", LISTED[1]),
    ("Is our tap water clean enough to drink?", LISTED[2]),
    ("Vacant apartments over shops", LISTED[3]),
    ("Old town parking charges: who makes a profit?", LISTED[4]),
    ("Are cyclists safe on the Bridge Street cycle lane?", LISTED[5]),
    ("The true price of the theater's new roof", LISTED[6]),
    ("What happens with the waste we put out for recycling?", LISTED[7]),
    ("Parents cannot find a daycare place, there are too few nurseries", LISTED[8]),
    ("Felling of trees in the park: whose decision is it?", LISTED[9]),
    ("Waiting times for patients at the hospital's emergency department", LISTED[10]),
    ("Why has the pool for swimmers not reopened?", LISTED[12]),
    ("Rent increases outpace salaries: how come?", LISTED[16]),
    ("Does police surveillance use cameras that recognise faces?", LISTED[19]),
    ("Teacher shortage in primary schools", LISTED[20]),
    ("Streetlights are switched off at midnight, why?", LISTED[22]),
    ("Wheelchair access at the train station", LISTED[28]),
    ("Lehrermangel an Grundschulen: woran liegt es?", LISTED[51]),
    ("¿Por qué se retrasa siempre el autobús que va al hospital?", LISTED[54]),
    ("Вирубка лісу коло річки: хто за цим стоїть?", LISTED[56]),
]  # fmt: skip

UNRELATED = [
    "Who owns the radio station that nobody listens to?",
    "Why was the mayor's speech cancelled?",
    "What is in the archive of the chess society?",
    "Why do the church bells ring on weekdays?",
    "How safe are the old lifts in the town hall?",
    "What did the mayor's trip to Japan cost?",
    "Where does the name of our town come from?",
    "Why are there so few women in the fire brigade?",
    "Who decides which artists play at the summer festival?",
    "How long do passports take to be issued?",
    "What becomes of the astronomy club?",
    "Why is the monument in the square covered with cloth?",
    "How much honey do the beekeepers harvest?",
    "Who is buying the statues from the castle garden?",
    "How many hours do volunteers give to the mountain rescue?",
    "Why are school holidays different in each county?",
    "What happens to lost property after a year?",
    "Warum läutet das Rathaus um sieben?",
    "¿Quién diseñó la bandera del pueblo?",
    "Чому перейменували нашу вулицю?",
]
