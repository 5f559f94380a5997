"""Who is on duty for which work, and when: rotas, spans that somebody takes, absences, escalation."""
