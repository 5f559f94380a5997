"""Who is on call: the rotas, their calendar, spans that people take or give away, absences."""
