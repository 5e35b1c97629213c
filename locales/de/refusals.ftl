# Warum etwas nicht geschehen ist: was war und was hilft. Ohne Vorwurf, ohne Innereien.

## Das Modell hat nicht geantwortet: eine Zeile für jede Art von Fehler.

failure-key-invalid = Der Anbieter des Modells nimmt den hinterlegten Schlüssel nicht an, deshalb kann ich nicht antworten. Wem der Schlüssel gehört, der kann ihn prüfen oder einen neuen eintragen.
failure-no-credit = Das Konto, das für das Modell bezahlt, hat kein Guthaben mehr. Sobald es aufgeladen ist, frag einfach noch einmal.
failure-rate-limited = Das Modell bekommt gerade mehr Fragen, als es beantworten darf. Lass ihm eine Minute und frag noch einmal.
failure-too-long = Das ist mehr Text, als das Modell auf einmal aufnehmen kann. Versuch es kürzer, oder fang mit /reset neu an.
failure-refused = Der Anbieter des Modells möchte darauf nicht antworten. Vielleicht hilft es, es anders zu sagen.
failure-empty = Vom Modell kam gar nichts zurück. Bitte frag noch einmal.
failure-timed-out = Das Modell hat zu lange gebraucht, und ich habe aufgehört zu warten. Bitte versuch es gleich noch einmal.
failure-down = Das Modell ist im Moment nicht zu erreichen. Bitte versuch es in einer Weile wieder.
failure-truncated = Die Verbindung zum Modell ist mitten in der Antwort abgerissen. Bitte frag noch einmal.
failure-malformed = Das Modell hat etwas geschickt, womit ich nichts anfangen kann. Bitte frag noch einmal; wenn es öfter passiert, sag denen Bescheid, die dieses Haus betreiben.
failure-bad-request = So, wie das Modell eingerichtet ist, kann es darauf nicht antworten. Wer dieses Haus betreibt, kann Namen und Einstellungen des Modells prüfen.
failure-cancelled = Gut, ich habe aufgehört. Von der Antwort wird nichts behalten.
failure-gave-up = Ich habe es mehrmals versucht, und jedes Mal ging im Haus etwas schief. Wer es betreibt, findet einen Vermerk. Frag bitte noch einmal anders.
failure-own-key-invalid = Dein eigener Schlüssel wird nicht mehr angenommen, darum kann ich nicht antworten. /keys list zeigt ihn, /keys set nimmt einen neuen, /keys remove entfernt ihn.
failure-own-key-no-credit = Das Konto hinter deinem Schlüssel hat kein Guthaben mehr. Lade es dort auf, oder entferne den Schlüssel mit /keys remove.
failure-own-key-bad-request = Dein Anbieter nimmt das Modell nicht an, auf das dein Schlüssel eingestellt ist. /keys list zeigt es, /keys set mit --model wählt ein anderes.
failure-own-key-unusable = Dein eigener Schlüssel lässt sich nicht öffnen oder benutzen, und mit einem fremden antworte ich nicht. Gib ihn mit /keys set neu ein, oder entferne ihn mit /keys remove.

## Eine Zeile, die wie ein Befehl anfängt, aber nicht als solcher zu lesen ist.

misread-empty = Ein Befehl beginnt mit einem Schrägstrich und einem Namen, zum Beispiel /help.
misread-unclosed-quote = Da steht ein öffnendes Anführungszeichen ohne sein Gegenstück. Ergänze das schließende und schick es noch einmal.
misread-unknown-command = Den Befehl { $given } gibt es nicht. /help zeigt alle.
misread-similar-command = Den Befehl { $given } gibt es nicht. Meinst du { $suggestion }?
misread-incomplete = Nach { $command } fehlt noch ein Wort. Zur Wahl stehen: { $choices }.
misread-unknown-option = { $given } gibt es hier nicht. So geht es: { $usage }
misread-similar-option = { $given } gibt es hier nicht. Meinst du { $suggestion }?
misread-surplus = Mit „{ $given }“ weiß ich hier nichts anzufangen. So geht es: { $usage }
misread-missing-argument = Es fehlt „{ $argument }“. So geht es: { $usage }
misread-missing-value = Zu „{ $argument }“ fehlt der Wert. So geht es: { $usage }
misread-repeated = „{ $argument }“ steht mehrmals da; einmal genügt. So geht es: { $usage }
misread-bad-choice = „{ $given }“ steht nicht zur Wahl. Möglich ist: { $choices }.
misread-unclear = Das kann ich nicht als Befehl lesen. So geht es: { $usage }
misread-value-length = „{ $given }“ passt nicht als „{ $argument }“: Es darf nicht leer sein und hat höchstens { $max } Zeichen.
misread-value-one-line = „{ $argument }“ muss in eine Zeile passen: „{ $given }“ tut das nicht.
misread-value-page = „{ $given }“ ist keine Seite. „{ $argument }“ ist eine Zahl ab 1.
misread-value-memory = „{ $given }“ kann keine Kennung sein. Übernimm für „{ $argument }“ die Buchstaben und Ziffern, die /memory view zeigt.
misread-value-locale = „{ $given }“ ist kein Sprachkürzel. Schreib für „{ $argument }“ etwa de oder en-US.
misread-value-zone = „{ $given }“ ist keine Zeitzone. Schreib für „{ $argument }“ einen Namen wie Europe/Berlin.

## Verstanden, aber nicht möglich.

refusal-not-allowed = Das kann nur, wer dieses Haus betreibt.
refusal-only-terminal = { $command } gibt es nur im Terminal.
refusal-personality-not-found = Hier gibt es niemanden namens „{ $name }“. /personality list zeigt, wer da ist.
refusal-personality-similar = Hier gibt es niemanden namens „{ $name }“. Meinst du { $suggestion }?
refusal-memory-not-found = Du hast keine Erinnerung mit der Kennung „{ $id }“. /memory view zeigt die vorhandenen. Es wurde nichts gelöscht.
refusal-memory-ambiguous = Mehrere deiner Erinnerungen enden auf „{ $id }“. Gib ein paar Zeichen mehr von der Kennung an. Es wurde nichts gelöscht.
refusal-page-beyond = Die letzte Seite ist Seite { $pages }.
refusal-inspect-nothing = Hier gibt es noch keine Antwort, die man sich ansehen könnte.
refusal-reset-nothing-to-undo = Hier gibt es keinen Neubeginn, der sich rückgängig machen ließe.
refusal-help-unknown = Den Befehl „{ $command }“ gibt es nicht. /help zeigt alle.
refusal-persona-nothing-to-change = Nichts zu ändern. Gib mindestens eines von --name, --pronouns und --description an.
refusal-zone-unknown = Die Zeitzone „{ $zone }“ kenne ich nicht. Schreib sie wie Europe/Berlin oder America/New_York.
refusal-locale-unknown = „{ $locale }“ spreche ich noch nicht. Ich spreche: { $locales }.
refusal-message-too-long = Diese Nachricht ist zu lang: Mehr als { $max } Zeichen gehen nicht. Bitte schick sie in Stücken.
refusal-internal = Im Haus ist etwas schiefgegangen; für die Betreiber ist es festgehalten. Bitte versuch es noch einmal.
refusal-model-not-offered = Das Modell dieses Hauses steht nicht allen offen. Bring mit /keys set einen eigenen Schlüssel mit, oder frag, wer dieses Haus betreibt.
refusal-recall-away = Das Gedächtnis ist gerade nicht erreichbar. Es wurde nichts geändert; versuch es gleich noch einmal.
refusal-keys-provider-unknown = Den Anbieter „{ $provider }“ kenne ich nicht. Ich kenne: { $providers }.
refusal-keys-none = Du hast hier keinen Schlüssel für { $provider }. /keys list zeigt deine.
refusal-keys-no-model = Sag, welches Modell von { $provider } es sein soll: /keys set { $provider } --model und sein Name.
refusal-keys-not-a-key = So sieht kein Schlüssel aus: Er ist ein Wort ohne Leerzeichen mit mindestens 8 Zeichen. Nichts wurde aufbewahrt.
refusal-keys-too-often = Das waren viele Schlüssel in kurzer Zeit. Der nächste kann in { $minutes } min probiert werden. Nichts wurde aufbewahrt.
refusal-keys-refused = { $provider } nimmt diesen Schlüssel nicht an. Nichts wurde aufbewahrt.
refusal-keys-model-unknown = { $provider } nimmt den Schlüssel an, kennt aber dieses Modell nicht. Nenne eines mit --model. Nichts wurde aufbewahrt.
refusal-keys-unusable = Der Schlüssel für { $provider } lässt sich gerade nicht benutzen; das ist für den Betreiber dieses Hauses festgehalten.
refusal-key-in-message = In dieser Nachricht steht etwas, das wie der Schlüssel eines Anbieters aussieht. Ich habe sie nicht angenommen: Nichts davon ist gespeichert oder weitergegeben. Falls andere ihn sehen konnten, widerrufe ihn beim Anbieter. Schlüssel nimmt das Haus so: /keys set
refusal-nobody-active = Hier ist niemand aktiv. /activate und ein Name ändern das.
refusal-persona-exists = Eine Persona namens „{ $name }“ hast du schon. Wähle einen anderen Namen.
refusal-persona-not-found = Eine Persona namens „{ $name }“ hast du nicht. /persona list zeigt deine.
refusal-data-not-confirmed = Das ist nicht „{ $name }“, darum wurde nichts gelöscht.
refusal-personality-exists = „{ $name }“ gibt es hier schon. Wähle einen anderen Namen.
refusal-personality-too-many = Du hast { $max } Figuren; mehr darf ein Mitglied nicht haben.
refusal-personality-about = Die Zeile über eine Figur muss eine Zeile mit höchstens 200 Zeichen sein. Nichts wurde behalten.
refusal-personality-prompt = Wer eine Figur ist, braucht { $min } bis { $max } Zeichen. Nichts wurde behalten.
refusal-personality-not-yours = { $name } gehört dir nicht; ändern kannst du nur deine Figuren.
refusal-personality-private-here = { $name } ist privat und kann nur dort aktiv sein, wo du mit dem Haus allein bist. /personality share everyone ändert das.
