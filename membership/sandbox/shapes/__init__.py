"""How each object of the API looks: pure builders of complete payloads, used by the endpoints and by seeds alike."""
