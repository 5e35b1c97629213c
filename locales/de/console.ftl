# Was das Terminal von sich aus sagt.

console-welcome = Du redest mit { $name }, einer KI-Figur. Schreib und drück Enter; /help zeigt, was es sonst noch gibt; Strg-D beendet.
console-tiny-model =
    Das ist { $model }, ein winziges Modell, das in Greenroom selbst läuft. Es zeigt, wie das Haus funktioniert; klug ist es nicht.
    Für ein besseres starte Ollama oder setze LLM_BASE_URL, LLM_API_KEY und LLM_MODEL.
console-using-server = Es antwortet { $model } auf { $server }, gefunden auf diesem Rechner.
console-fetching-model = { $model } wird geholt (nur dieses eine Mal)
console-fetched-model = { $model } ist da.
console-writing = { $name } schreibt …
console-takes-longer = { $name } braucht länger als sonst. Strg-C bricht die Antwort ab.
console-stopped = Abgebrochen.
console-leave-hint = Strg-D beendet.
console-goodbye = Bis bald. Was du gesagt hast, bleibt aufgehoben.
console-no-history = Der Eingabeverlauf ließ sich nicht unter { $path } sichern.
console-file-saved = Gespeichert als { $path }
console-file-not-saved = Die Datei konnte nicht in { $path } gespeichert werden: { $why }
console-form-optional = Eine leere Zeile lässt etwas, wie es ist.
console-form-left = Alles bleibt, wie es war.
console-file-not-read = Die Datei { $path } lässt sich nicht lesen: { $why }. Nenn eine andere, oder lass es mit einer leeren Zeile.

console-backup-made = { $path } enthält, was dieses Haus aufhebt, mit seinen Bildern. Der Schlüsselsatz { $keyset } ist nicht dabei: Heb eine Kopie woanders auf, sonst sind die Schlüssel der Mitglieder verloren. Auch was Geräte auf Matrix wissen, ist nicht dabei: Eine ältere Kopie würde die Verschlüsselung zerstören.
console-backup-postgres =
    Dieses Haus liegt auf PostgreSQL, das seine Sicherungen selbst macht. Führ das aus:
    { $line }
    Kopier auch den Ordner { $pictures }, falls es ihn gibt, und heb den Schlüsselsatz woanders auf.
console-restore-postgres =
    Dieses Haus liegt auf PostgreSQL, das seine Sicherungen selbst zurückspielt. Führ für eine leere Datenbank das aus:
    { $line }
    und danach, bevor das Haus startet: greenroom restore --settle
console-restored = Das Haus ist wieder da. { $count ->
        [0] Es war nichts unterwegs.
        [one] Eine Antwort, die damals unterwegs war, wird nicht mehr gegeben: Vielleicht kam sie schon an.
       *[other] { $count } Antworten, die damals unterwegs waren, werden nicht mehr gegeben: Vielleicht kamen sie schon an.
    }
console-restored-reindex = Führ greenroom reindex aus, bevor du es startest: Die Vektoren in Qdrant stammen aus einer anderen Zeit.

console-audit-whole = Das Protokoll ist bis Zeile { $n } unversehrt. Notier die nächste Zeile und heb sie woanders auf, für --noted.
console-audit-changed = Zeile { $n } ist nicht, wie sie geschrieben wurde, oder folgt nicht auf die davor.
console-audit-missing = Zeile { $n } fehlt.
console-audit-cut = Das Protokoll endet mit Zeile { $n } und ging einmal weiter.
console-audit-noted = Zeile { $n } ist nicht die, die notiert wurde.
