# Was Befehle antworten. Die Texte `label-…` benennen die Zeilen einer Antwort.

## /memory
reply-memory-page = { $count ->
        [one] Eine Erinnerung
       *[other] { $count } Erinnerungen
    }, Seite { $page } von { $pages }. Zum Löschen: /memory delete und die Kennung.
reply-memory-none = Noch ist nichts über dich gemerkt. Sprich mit jemandem, dann taucht es hier auf.
reply-memory-found = { $count ->
        [one] Eine Erinnerung passt
       *[other] { $count } Erinnerungen passen
    } zu „{ $words }“, die beste zuerst.
reply-memory-not-found = Zu „{ $words }“ finde ich keine Erinnerung.
reply-memory-more = Weiter: { $command }
reply-memory-deleted = { $count ->
        [one] Die Erinnerung ist endgültig gelöscht.
       *[other] { $count } Erinnerungen sind endgültig gelöscht.
    }
reply-memory-entry = { $id } · { $when } · { $personality } · { $origin }
memory-origin-user-said = aus einem Gespräch
memory-origin-import = von anderswo mitgebracht

## /reset
reply-reset-done = Neuer Anfang: Die nächste Antwort weiß nichts von dem, was hier vorher gesagt wurde. Erinnerungen bleiben. Rückgängig machen: /reset undo
reply-reset-undone = Das Gespräch von vor dem letzten Neubeginn ist wieder da.

## /inspect
reply-inspect = Woraus die letzte Antwort entstanden ist
label-inspect-personality = Geantwortet hat
label-inspect-persona = Du warst
label-inspect-model = Modell
label-inspect-provider = Bereitgestellt von
label-inspect-key = Bezahlt von
label-inspect-tokens = Tokens
label-inspect-time = Zeit
label-inspect-history = Frühere Nachrichten
label-inspect-memories = Benutzte Erinnerungen
label-inspect-memory = Erinnerung { $id }
label-inspect-failure = Keine Antwort, weil
label-inspect-trace = Spur
inspect-key-local = niemandem: Das Modell läuft hier
inspect-key-operator = dem Schlüssel des Hauses
inspect-key-member = deinem Schlüssel
inspect-tokens = { $prompt } hinein, { $completion } heraus
inspect-tokens-counted = etwa { $prompt } hinein, { $completion } heraus (hier gezählt)
inspect-time = { $total } s, erste Wörter nach { $first } s
inspect-none = keine
label-inspect-preset = Voreinstellung
label-inspect-budget = Prompt
inspect-budget-parts = { $total } von { $limit } Tokens: Figur { $character }, Verlauf { $history }, Erinnerungen { $memories }, Nachricht { $message }
inspect-time-own = das Haus selbst brauchte { $millis } ms
inspect-memory-used = im Prompt, { $tokens } Tokens; Wertung { $score } (Bedeutung { $dense }, Wörter { $lexical })
inspect-memory-unused = gefunden, aus Platzgründen weggelassen; Wertung { $score } (Bedeutung { $dense }, Wörter { $lexical })
inspect-memory-gone = (inzwischen gelöscht)
inspect-recall-away = keine: Das Gedächtnis hat nicht rechtzeitig geantwortet

## /help
reply-help = Das kannst du das Haus fragen. Alles andere, was du schreibst, geht an die Figur, mit der du gerade redest.
reply-help-more = Mehr über einen Befehl: /help und sein Name.

## /about
reply-about = Das ist Greenroom { $version }, ein selbst betriebenes Zuhause für KI-Figuren.
label-about-model = Modell
label-about-database = Datenbank
label-about-store = Gedächtnis
label-about-embedder = Findet Bedeutung mit
label-about-personalities = Figuren
label-about-locales = Sprachen
about-model = { $model } ({ $provider })
about-model-tiny = { $model } ({ $provider }): ein winziges Modell, das zeigt, wie das Haus funktioniert, und nicht klug ist

## /personality und /talk
reply-personality-list = Mit wem du hier reden kannst
reply-personality-none = Noch wohnt hier niemand. Wer dieses Haus betreibt, kann Figuren als Dateien hinzufügen.
reply-personality-view = { $name }: { $about }
label-personality-slug = Kurzname
label-personality-pronouns = Pronomen
label-personality-aliases = Hört auch auf
reply-talk = Du redest jetzt mit { $name }.

## /persona
reply-persona-view = So sehen dich die Figuren. Ändern kannst du es mit /persona edit
reply-persona-saved = Gespeichert. Ab jetzt sehen dich die Figuren so.
label-persona-name = Name
label-persona-pronouns = Pronomen
label-persona-description = Über dich
persona-not-set = nicht angegeben

## /settings
reply-settings-view = Deine Einstellungen
reply-settings-time-zone = Zeiten werden jetzt für { $zone } gezeigt. Dort ist es { $time }.
reply-settings-locale = Ab jetzt spreche ich Deutsch mit dir.
label-settings-time-zone = Zeitzone
label-settings-locale = Sprache

## /data
reply-data-exported = Alles, was dieses Haus über dich gespeichert hat: { $messages } Nachrichten (deine und die Antworten), { $memories } Erinnerungen, { $answers } abgerechnete oder kostenlose Antworten. Die Datei ist JSON, das jedes Programm lesen kann.

## /keys
reply-keys-ask = Dein Schlüssel für { $provider } beantwortet dir mit dem Modell { $model } deine Nachrichten, auf deine Kosten, und sonst niemandem. Er wird versiegelt aufbewahrt und nie wieder gezeigt. Schreib ihn nicht ins Gespräch.
form-keys-key = Dein Schlüssel für { $provider }
reply-keys-set = Dein Schlüssel für { $provider } gilt. Ab jetzt wird dir mit ihm geantwortet.
reply-keys-set-unverified = Dein Schlüssel für { $provider } ist aufbewahrt, aber { $provider } war nicht zu erreichen. Mit deiner nächsten Nachricht wird er ausprobiert.
reply-keys-none = Du hast keinen Schlüssel mitgebracht. So geht es: /keys set und einer von { $providers }
reply-keys = { $count ->
        [one] Dein Schlüssel
       *[other] Deine Schlüssel
    }
reply-keys-tested = Dein Schlüssel für { $provider } { $state }.
reply-keys-removed = Dein Schlüssel für { $provider } ist aus diesem Haus entfernt. Bei { $provider } selbst gibt es ihn weiterhin.
keys-row = { $mask } · { $model } · { $state } · zuletzt geprüft: { $checked }
keys-row-answering = { $mask } · { $model } · { $state } · zuletzt geprüft: { $checked } · antwortet dir
keys-never-checked = nie
keys-state-valid = gilt
keys-state-invalid = wird nicht angenommen
keys-state-no-credit = hat kein Guthaben mehr
keys-state-limited = wird zu oft gefragt
keys-state-unverified = konnte noch nicht geprüft werden

## /activate, /deactivate, /autorespond
reply-activated = { $name } beantwortet jetzt alles, was hier gesagt wird. Mit /autorespond off nur noch, wenn gerufen; /deactivate beendet es.
reply-deactivated = Ab jetzt antwortet hier niemand mehr ungerufen.
reply-autorespond-on = { $name } beantwortet alles, was hier gesagt wird.
reply-autorespond-off = { $name } bleibt und antwortet nur, wenn gerufen.

## /usage
reply-usage = { $period }: { $answers ->
        [one] eine Antwort
       *[other] { $answers } Antworten
    }, { $prompt } Token hinein, { $completion } heraus, nach Listenpreisen etwa { $cost } $.
reply-usage-none = { $period }: keine Antworten.
usage-period-day = Die letzten 24 Stunden
usage-period-week = Die letzten 7 Tage
usage-period-month = Die letzten 30 Tage
usage-period-all = Insgesamt
usage-row = { $answers } · { $prompt } hinein, { $completion } heraus · { $cost } $ · bezahlt: { $paid }

## /persona create, list, use
reply-persona-created = Eine neue Persona. Mit /persona use und ihrem Namen sehen dich die Figuren so; was sie von dir wissen, bleibt für jede Persona getrennt.
reply-persona-list = { $count ->
        [one] Du hast eine Persona.
       *[other] Du hast { $count } Personas.
    }
reply-persona-used = Ab jetzt sehen dich die Figuren so, mit den Erinnerungen dieser Persona.
persona-in-use = in Gebrauch
persona-not-in-use = –
reply-data-erase-ask = Das löscht endgültig alles, was dieses Haus über dich gespeichert hat: { $personas } Personas, { $memories } Erinnerungen, { $messages } Nachrichten samt den Antworten darauf, deine Schlüssel und deinen Verbrauch. Ältere Sicherungen des Betreibers enthalten es weiterhin. Zum Aufheben vorher: /data export
form-data-erase = Um alles zu löschen, tippe { $name }
reply-data-erased = Alles ist gelöscht. Wenn du wieder etwas sagst, bist du hier neu.

## /personality create, edit, share, delete
reply-personality-ask = Wer ist { $name }? Zwei Fragen; eine leere Zeile lässt alles, wie es war.
form-personality-about = { $name } in einer Zeile, für Listen
form-personality-prompt = Wer { $name } ist und wie { $name } redet, wie du es einer Schauspielerin sagen würdest
reply-personality-created = { $name } wohnt jetzt hier, für dich allein. Im Terminal: /talk und der Name; anderswo den Namen rufen. Mit /personality share everyone kann das ganze Haus mit { $name } reden.
reply-personality-now = Das wird { $name } bisher gesagt; schreib es neu, oder lass es mit einer leeren Zeile.
reply-personality-changed = { $name } ist geändert. Die nächste Antwort zeigt es.
reply-personality-shared = Alle in diesem Haus können jetzt mit { $name } reden. Woran { $name } sich von dir erinnert, bleibt unter euch.
reply-personality-unshared = { $name } ist wieder nur für dich da.
reply-personality-delete-ask = Das löscht { $name } endgültig, mit allem Gesagten und allem, woran { $name } sich erinnert, von allen.
reply-personality-deleted = { $name } ist gelöscht.
personality-private = { $about } (nur für dich)
