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
inspect-memory-repeated = wiederholt: schon früher mit denselben Worten gesagt und nur einmal genommen ({ $count }: { $ids })
inspect-recall-away = keine: Das Gedächtnis hat nicht rechtzeitig geantwortet

## /help
reply-help = Das kannst du das Haus fragen. Alles andere, was du schreibst, geht an die Figur, mit der du gerade redest.
reply-help-more = Mehr über einen Befehl: /help und sein Name.

## /about
reply-about = Das ist Greenroom { $version }, ein Zuhause für KI-Figuren. Du redest mit Programmen, nicht mit Menschen.
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
reply-persona-view = So wirst du gesehen. Ändern kannst du es mit /persona edit
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
reply-data-exported = Alles, was dieses Haus über dich gespeichert hat, samt deinen Figuren, Voreinstellungen und Entscheidungen. Die Datei ist ein ZIP mit JSON für Programme und Text zum Lesen.
label-data-messages = Nachrichten, mit den Antworten
label-data-memories = Erinnerungen
label-data-usage = Einträge zum Verbrauch
label-data-personas = Personas
label-data-personalities = Figuren, die nur dir gehören
label-data-shared = Figuren, die du mit anderen teilst

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
reply-persona-created = Eine neue Persona. Mit /persona use und ihrem Namen sieht dich die Figur so, mit der du redest, mit /persona default sehen dich alle so. Was sie von dir wissen, bleibt für jede Persona getrennt.
reply-persona-list = { $count ->
        [one] Du hast eine Persona.
       *[other] Du hast { $count } Personas.
    }
reply-persona-used = Ab jetzt sieht { $name } dich so, mit dem, was { $name } von dieser Persona weiß.
persona-in-use = für { $name }
persona-not-in-use = –
reply-data-erase-ask = Das löscht endgültig alles, was dieses Haus über dich gespeichert hat: was hier aufgezählt ist, deine Schlüssel, Voreinstellungen und Entscheidungen. Figuren, die du mit anderen teilst, bleiben ohne Besitzer da. Ältere Sicherungen des Betreibers enthalten es weiterhin. Zum Aufheben vorher: /data export
form-confirm = Zum Bestätigen tippe { $name }
reply-data-erased = Alles ist gelöscht. Wenn du wieder etwas sagst, bist du hier neu.

## /personality create, edit, share, delete
reply-personality-ask = Wer ist { $name }? Zwei Fragen; was du auslässt, bleibt, wie es war.
form-personality-about = { $name } in einer Zeile, für Listen
form-personality-prompt = Wer { $name } ist und wie { $name } redet, wie du es einer Schauspielerin sagen würdest
reply-personality-created = { $name } wohnt jetzt hier, für dich allein. Im Terminal: /talk und der Name; anderswo den Namen rufen. Mit /personality share everyone kann das ganze Haus mit { $name } reden.
reply-personality-now = Das wird { $name } bisher gesagt; schreib es neu, oder lass es so.
reply-personality-changed = { $name } ist geändert. Die nächste Antwort zeigt es.
reply-personality-shared = Alle in diesem Haus können jetzt mit { $name } reden. Woran { $name } sich von dir erinnert, bleibt unter euch.
reply-personality-unshared = { $name } ist wieder nur für dich da.
reply-personality-delete-ask = Das löscht { $name } endgültig, mit allem Gesagten und allem, woran { $name } sich erinnert, von allen.
reply-personality-deleted = { $name } ist gelöscht.
personality-private = { $about } (nur für dich)

## Was das Haus von sich aus sagt, vor oder unter einer Antwort
disclosure-first-contact = Bevor wir anfangen: Du redest mit einer KI-Figur, nicht mit einem Menschen. Was du sagst, wird hier aufbewahrt, damit man sich daran erinnern kann; /about sagt, was und wie lange, /memory zeigt es, /data erase nimmt es weg.
disclosure-announcement = Von denen, die dieses Haus betreiben: { $text }
footer-incognito = bis { $until } wird nichts gemerkt
footer-fresh = bis { $until } werden keine Erinnerungen benutzt

## Wer es bestimmt hat
decided-bond = von dir für { $name } gewählt
decided-member = von dir gewählt
decided-personality = gewählt von denen, die { $name } geschaffen haben
decided-house = gewählt von denen, die dieses Haus betreiben
decided-nobody = so, wie das Haus gemacht ist
switch-on = an
switch-off = aus

## /about
label-about-ai = Wer antwortet
label-about-stored = Was aufbewahrt wird
label-about-stop = Wie du es abstellst
about-ai = KI-Figuren. Sie können sich irren, sie ersetzen niemandem die Therapie, und wenn du fragst, sagen sie, dass sie KI sind.
about-stored = Was du und die Figuren sagen, woran sie sich davon erinnern, wie du gesehen werden möchtest, was du gewählt hast und was Antworten kosten. Die Wörter für eine Antwort gehen an das Modell, das hier steht; trainiert wird mit nichts davon.
about-stop = Mit /memory incognito wird eine Zeit lang nichts gemerkt, mit /settings memory off gar nichts mehr; /memory forget-me und /data erase nehmen weg, was da ist; /data export gibt es dir vorher in die Hand.

## /alias
reply-alias-added = { $name } hört jetzt auf „{ $alias }“, wenn du es sagst.
reply-alias-added-over = { $name } hört jetzt auf „{ $alias }“, wenn du es sagst. Für alle anderen bedeutet der Name, was er vorher bedeutet hat.
reply-alias-added-everyone = { $name } hört jetzt auf „{ $alias }“, für alle in diesem Haus.
reply-alias-removed = „{ $alias }“ meint jetzt niemanden mehr.
reply-alias-list = { $count ->
        [one] Der andere Name, den du benutzen kannst
       *[other] Die { $count } anderen Namen, die du benutzen kannst
    }
reply-alias-none = Es gibt noch keine anderen Namen. So geht es: /alias add, der Name und --to mit der Figur, die er meint.
alias-row-own = { $name } · deiner
alias-row-everyone = { $name } · für alle
alias-row-shadowed = { $name } · wird nicht gehört: Eine andere Figur oder einer deiner Namen heißt so

## /preset und /prompt
reply-preset-created = Die Voreinstellung „{ $preset }“ ist angelegt: { $values }. Mit /preset use und ihrem Namen benutzt du sie, mit /preset default bei jeder Figur.
reply-preset-changed = Die Voreinstellung „{ $preset }“ sagt jetzt: { $values }.
reply-preset-deleted = Die Voreinstellung „{ $preset }“ ist gelöscht. Wer sie benutzt hat, bekommt die nächste, die gilt.
reply-preset-used = { $name } antwortet dir jetzt mit „{ $preset }“.
reply-preset-off = { $name } antwortet dir jetzt mit der Voreinstellung des Hauses, egal was sonst jemand gewählt hat.
reply-preset-inherited = Bei { $name } überlässt du es dem Nächsten, der gewählt hat. ({ $preset })
reply-preset-default = Jede Figur antwortet dir jetzt mit „{ $preset }“, außer du hast für eine etwas anderes gewählt.
reply-preset-default-off = Jede Figur antwortet dir jetzt mit der Voreinstellung des Hauses, außer du hast für eine etwas anderes gewählt.
reply-preset-default-inherited = Du überlässt es den Figuren und dem Haus, welche Voreinstellung dir antwortet.
reply-preset-exported = Die Voreinstellung „{ $preset }“, zum Aufheben oder zum Weitergeben.
reply-preset-import-ask = Eine Voreinstellung kommt aus einer Datei, die mit /preset export gemacht wurde.
form-preset-file = Die Datei der Voreinstellung
reply-preset-list = { $count ->
        [one] Die Voreinstellung, die du benutzen kannst
       *[other] Die { $count } Voreinstellungen, die du benutzen kannst
    }
reply-preset-none = Du hast noch keine Voreinstellung. So geht es: /preset create und ein Name, mit --model, --temperature und dergleichen.
preset-row-own = { $values } · deine
preset-row-offered = { $values } · vom Haus angeboten
preset-house = die des Hauses
preset-answering = { $preset } · { $by }
label-preset-answering = { $name } antwortet dir mit
reply-prompt-ask = Was sollen die Figuren darüber hören, wie sie dir antworten? Es steht neben dem, wer sie sind, und ersetzt es nie, und was andere als Antwort bekommen, ändert sich dadurch nicht.
form-prompt-text = Wie man dir antworten soll
reply-prompt-set = Die nächste Antwort richtet sich danach. /prompt view zeigt es, /prompt clear nimmt es zurück.
reply-prompt-off = Ab jetzt gar keine Anweisungen, nur, wer die Figur ist.
reply-prompt-cleared = Deine eigenen Anweisungen sind zurückgenommen; es gelten die nächsten, die jemand gegeben hat.
reply-prompt-view = Was { $name } darüber hört, wie man dir antworten soll
prompt-none = nichts

## /persona
reply-persona-default = Ab jetzt sieht dich jede Figur so, außer du hast für eine eine andere Persona gewählt.
reply-persona-edit-ask = Drei Fragen; was du auslässt, bleibt, wie es ist, ein einzelner Bindestrich nimmt es weg.
reply-persona-delete-ask = Das löscht die Persona { $name } endgültig, mit allem, woran sich die Figuren bei ihr erinnern.
reply-persona-deleted = Die Persona { $name } ist gelöscht.
form-persona-name = Wie sie dich nennen sollen
form-persona-pronouns = Deine Pronomen
form-persona-description = Was sie über dich wissen sollen
persona-usual = die übliche

## /personality
reply-personality-found = Figuren, die zu „{ $words }“ passen
reply-personality-not-found = Hier passt keine Figur zu „{ $words }“.
reply-personality-configured = Wie { $name } antwortet
reply-personality-guest = Ein Mitglied mehr kann jetzt mit { $name } reden.
reply-personality-co-owner = Ein Mitglied mehr kümmert sich jetzt mit dir um { $name }.
reply-personality-without = Dieses Mitglied gehört nicht mehr zu denen, für die { $name } da ist.
reply-personality-transfer-ask = Das gibt { $name } an { $who }. Woran { $name } sich von jedem Mitglied erinnert, bleibt bei { $name }. Nur { $who } kann dir { $name } zurückgeben.
reply-personality-transferred = { $name } gehört jetzt { $who }.
reply-personality-avatar = { $name } hat ein neues Bild.
reply-personality-avatar-gone = { $name } hat kein Bild mehr.
reply-personality-exported = { $name } als Datei, zum Aufheben, Ändern oder Weitergeben. Erinnerungen stehen nicht darin.
reply-personality-import-ask = Eine Figur kommt aus einer Datei: einer, die mit /personality export gemacht wurde, oder einer Figurenkarte als JSON.
form-personality-file = Die Datei der Figur
label-personality-adult = Nur für Erwachsene
label-personality-prompt = Wer sie ist
label-personality-temperature = Temperatur
label-personality-max-tokens = Längste Antwort
label-personality-memory = Darf sich erinnern
label-personality-daily = Was andere am Tag von deinen Figuren verlangen dürfen
personality-shared = { $about } (deine, mit manchen geteilt)
personality-guest = { $about } (mit dir geteilt)

## /memory
memory-origin-corrected = von dir richtiggestellt
memory-origin-inferred = aus Gesagtem gewonnen
memory-outdated = nicht mehr so
memory-locked = festgehalten
memory-flagged = zweifelhaft: { $reason }
reply-memory-correct-ask = Wie ist es wirklich? Was du schreibst, tritt an die Stelle davon, und die alte Fassung wird nie wieder benutzt.
form-memory-correct = Wie es wirklich ist
reply-memory-corrected = Richtiggestellt. Ab jetzt wird das gemerkt:
reply-memory-flagged = Als zweifelhaft markiert.
reply-memory-unflagged = Die Markierung ist weg.
reply-memory-locked = { $count ->
        [one] Die Erinnerung bleibt
       *[other] { $count } Erinnerungen bleiben
    }, wenn viele auf einmal gelöscht werden.
reply-memory-unlocked = { $count ->
        [one] Die Erinnerung geht
       *[other] { $count } Erinnerungen gehen
    } ab jetzt mit den anderen.
reply-memory-stats = { $count ->
        [one] Insgesamt eine Erinnerung
       *[other] Insgesamt { $count } Erinnerungen
    }, nach Figur und Persona
memory-stats-row = { $count }, davon { $locked } festgehalten und { $flagged } zweifelhaft; { $size } Zeichen; von { $first } bis { $last }
reply-session-none = Hier läuft keine Sitzung. /session start beginnt eine.
reply-session-view = Sitzungen, die hier laufen:
session-row = { $count ->
    [one] seit { $since }; ein Austausch ist gemerkt
   *[other] seit { $since }; { $count } Austausche sind gemerkt
}, von { $people ->
    [one] einer Person
   *[other] { $people } Personen
}
reply-session-started = Was { $name } hier gesagt wird, bleibt ab jetzt nur hier im Gedächtnis, für die Antworten an alle, bis /session end. Dann wird es vergessen, außer mit --keep.
reply-session-forgotten = Die Sitzung mit { $name } ist vorbei. { $forgotten ->
    [0] Es gab nichts zu vergessen.
    [one] Ein Austausch ist vergessen.
   *[other] { $forgotten } Austausche sind vergessen.
} { $kept ->
    [0] Das Gespräch beginnt von vorn.
    [one] Ein geschützter bleibt bei der Person, die ihn gesagt hat. Das Gespräch beginnt von vorn.
   *[other] { $kept } geschützte bleiben bei denen, die sie gesagt haben. Das Gespräch beginnt von vorn.
}
reply-session-kept = Die Sitzung mit { $name } ist vorbei. { $kept ->
    [0] Es gab nichts zu behalten.
    [one] Ein Austausch bleibt als eigene Erinnerung bei der Person, die ihn gesagt hat.
   *[other] { $kept } Austausche bleiben als eigene Erinnerungen bei denen, die sie gesagt haben.
}
memory-of-session = aus der laufenden Sitzung
memory-sealed = { $kind ->
    [fact] Eine Tatsache
    [profile] Etwas zwischen euch beiden
    [summary] Eine Zusammenfassung
   *[other] Ein Austausch
} aus einem verschlüsselten Raum. Die Worte werden nur in jenem Raum gezeigt.
memory-sealed-short = (aus einem verschlüsselten Raum)
inspect-memory-of-another = (von jemand anderem, aus dieser Sitzung)
reply-incognito-on = Bis { $until } wird nichts gemerkt, was du sagst. Das Gespräch selbst geht weiter wie sonst.
reply-incognito-off = Was du sagst, wird wieder gemerkt.
reply-incognito-none = Du bist nicht inkognito: Was du sagst, wird gemerkt.
reply-incognito-some = Bis dahin wird nichts gemerkt von
reply-fresh-on = Bis { $until } wirst du empfangen, als wäre nichts gemerkt. Gelöscht wird nichts.
reply-fresh-off = Was gemerkt ist, wird wieder benutzt.
reply-fresh-none = Was gemerkt ist, wird benutzt.
reply-fresh-some = Bis dahin wirst du ohne Erinnerungen empfangen von
quiet-everyone = allen
reply-forget-me-ask = Das löscht endgültig alles, was die Figuren von dir wissen: { $count } Erinnerungen. Festgehaltene bleiben. Auch die Gespräche selbst bleiben.
reply-forget-me-ask-one = Das löscht endgültig alles, was { $name } von dir weiß: { $count } Erinnerungen. Festgehaltene bleiben. Auch die Gespräche selbst bleiben.

## /inspect
label-inspect-prompt = Anweisungen
label-inspect-remembered = Dieser Wortwechsel
inspect-remembered = wird gemerkt
inspect-not-remembered = wird nicht gemerkt

## /settings
label-settings-footer = Eine Zeile über das Modell unter Antworten
label-settings-memory = Sich etwas über dich merken
label-settings-sharing = Vertrauliche Erinnerungen anderswo benutzen
label-settings-budget = Deine eigene Grenze für einen Tag
reply-settings-budget = Deine eigene Grenze für einen Tag: { $budget }

## /usage
usage-row-lost = { $answers } abgebrochen · gezählt als höchstens { $prompt } hinein · { $cost } $ · bezahlt: { $paid }
usage-row-chore = { $answers } Anteile an Arbeit im Hintergrund · { $prompt } hinein, { $completion } heraus · { $cost } $ · bezahlt: { $paid }
label-usage-storage = Über dich gespeichert
usage-storage = Nachrichten: { $messages } Zeichen; Erinnerungen: { $memories }

## Grenzen
limit-tokens = { $count } Tokens
limit-answers = { $count } Antworten
limit-cost = { $cost } $
limit-none = keine Grenze
limit-of-house = Alles, was dieses Haus bezahlt
limit-of-member = Jedes Mitglied
limit-of-place = Jeder Ort
limit-of-owner = Jeder Besitzer von Figuren
limit-of-one = { $id }
limit-per-minute = in einer Minute
limit-per-day = an einem Tag
limit-per-month = in 30 Tagen

## /admin
reply-admin-status = Greenroom { $version }
label-status-role = Aufgabe
role-together = alles in einem Prozess
label-status-age = Läuft seit
status-age = { $days } T { $hours } Std { $minutes } Min
label-status-fronts = Zugänge
label-status-waiting = Ausstehende Antworten
status-waiting = { $count ->
        [0] keine
       *[other] { $count }, die älteste seit { $seconds } s
    }
status-states = wartend { $queued }, in Arbeit { $running }, beim Senden { $sending }
label-status-workers = Arbeiter
status-workers = { $busy } von { $all } beschäftigt
label-status-members = Mitglieder
label-status-messages = Nachrichten
label-status-memories = Erinnerungen
label-status-unindexed = Erinnerungen, die auf den Index warten
status-unindexed = { $count ->
        [0] keine
       *[other] { $count }, die älteste seit { $seconds } s
    }
label-status-database = Datenbank
label-status-store = Gedächtnis
label-status-model = Modell
label-status-breakers = Nach Fehlern in Ruhe gelassene Modelle
status-breakers-none = keine
status-breakers = { $count ->
        [1] { $provider }: eines
       *[other] { $provider }: { $count }
    }
label-status-chores = Zuletzt erledigt
chore-count = Zählen
chore-index = Index der Erinnerungen
chore-distil = Verdichten
chore-tidy = Aufräumen
chore-not-yet = noch nicht
status-works = funktioniert
status-away = antwortet nicht
reply-admin-limits = { $count ->
        [one] Die Grenze dieses Hauses
       *[other] Die { $count } Grenzen dieses Hauses
    }
reply-admin-limits-none = Es gibt keine Grenze. So legst du eine fest: /admin limits member day --tokens 50000
reply-admin-denied = Abgewiesen:
reply-admin-denied-list = { $count ->
        [one] Wer abgewiesen ist
       *[other] Die { $count }, die abgewiesen sind
    }
reply-admin-denied-none = Niemand ist abgewiesen.
reply-admin-allowed = { $who } darf wieder herein.
reply-admin-announced = An jedem Ort wird es einmal gesagt, mit der nächsten Antwort dort.
reply-admin-announced-nothing = Es wird nichts mehr mitgeteilt.
reply-admin-model = Was antwortet, wo niemand eine andere Voreinstellung gewählt hat
denial-block = nicht gelesen
denial-mute = gelesen, nicht beantwortet
denial-place = an diesem Ort
denial-house = im ganzen Haus
denial-for-good = für immer
denial-until = bis { $until }

## /place
reply-place-settings = Was an diesem Ort gilt
reply-place-allowed = { $name } darf hier antworten.
reply-place-denied = { $name } antwortet hier nicht mehr.
label-place-active = Aktiv
label-place-activate = Wer sagt, wer aktiv ist
label-place-only-allowed = Nur zugelassene Figuren antworten
label-place-allowed = Zugelassen
label-place-denied = Nicht zugelassen
label-place-member-tokens = Tokens jedes Mitglieds am Tag
label-place-all = Tokens aller am Tag
label-place-sign = Befehle beginnen mit
place-everyone = alle
place-moderators = wer sich um den Ort kümmert
place-nobody = niemand

## Discord

reply-house-called = Hallo! Sprich meine Figuren mit ihrem Namen an, etwa { $mention }Abi, oder schreib mir privat. /help zeigt, was man mich fragen kann, /about, was ich bin und was ich speichere.
button-previous = Zurück
button-next = Weiter
reply-persona-links = { $count ->
    [0] Noch hat hier kein Dienst wie PluralKit für dich gesprochen.
   *[other] Wer du bist, wenn ein Dienst für dich spricht:
}
reply-persona-linked = Wenn { $name } für dich spricht, sehen die Figuren jetzt { $persona }.
menu-inspect = Ansehen
menu-forget = Das vergessen
menu-again = Noch einmal antworten
menu-unsay = Zurücknehmen
greeting-room = Hallo! Das ist Greenroom, ein Zuhause für KI-Figuren: { $people }. Ruf eine beim Namen, etwa { $mention }Abi, oder antworte auf das, was eine gesagt hat. Ich höre nur, was zu uns gesagt wird, außer jemand lässt mit /activate eine von uns hier auf alles antworten. /help zeigt, was man mich sonst noch fragen kann.
greeting-direct = Hallo! Das ist Greenroom, ein Zuhause für KI-Figuren: { $people }. Schreib einfach, und eine von uns antwortet; { $mention }Abi oder ein anderer Name ruft genau diese. /help zeigt, was man mich sonst noch fragen kann.
matrix-answered-in-private = Ich habe dir privat geantwortet.
matrix-form-ask = { $label }? Schreib es als nächste Nachricht; { $cancel } bricht ab.
matrix-form-optional = { $label }? Schreib es als nächste Nachricht; { $keep } lässt es, wie es ist, und { $cancel } bricht ab.
matrix-form-file = { $label }? Schick es als Textdatei; { $cancel } bricht ab.
matrix-login-lost = Das Matrix-Konto { $user } von { $name } lässt sich nicht mehr nutzen. Bis es wieder geht, spricht { $name } über meins. Was daran falsch ist, sagen das Protokoll und „greenroom doctor“.
matrix-unread = Diese Nachricht kann ich nicht lesen: Ihr Schlüssel ist nicht bei mir angekommen. Wenn er kommt, antworte ich; wenn nicht, sag es bitte noch einmal.
matrix-key-removed = In dieser Nachricht stand etwas, das wie der Schlüssel eines Anbieters aussieht; ich habe sie entfernt und nichts davon behalten. Andere können ihn gesehen haben: Widerruf ihn beim Anbieter. Um diesem Haus einen Schlüssel zu geben: /keys set
matrix-key-stays = In dieser Nachricht steht etwas, das wie der Schlüssel eines Anbieters aussieht. Ich habe nichts davon behalten, darf sie hier aber nicht entfernen: Bitte lösch sie selbst und widerruf den Schlüssel beim Anbieter, andere können ihn gesehen haben. Um diesem Haus einen Schlüssel zu geben: /keys set
matrix-key-stays-here = Deine Nachricht mit dem Schlüssel darf ich hier nicht entfernen: Bitte lösch sie selbst.
reply-again = An ihrer Stelle kommt eine andere Antwort.
reply-unsaid = Diese Antwort ist zurückgenommen; niemand erinnert sich daran.
notice-takes-longer = { $name } braucht länger als sonst. Die Antwort ist noch unterwegs.
reply-canon = Was über { $name } in jedem Gespräch gilt.
reply-canon-added = Das gilt ab jetzt für { $name }.
reply-canon-removed = Das gilt nicht mehr für { $name }.
reply-canon-none = Über { $name } ist noch nichts festgehalten. So fängt es an: /personality canon { $name } --add "…"
memory-doubt-same = sagt womöglich dasselbe wie { $id }
memory-doubt-against = passt womöglich nicht zu { $id }
