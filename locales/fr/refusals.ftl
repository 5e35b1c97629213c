# Pourquoi quelque chose n’a pas eu lieu : ce qui s’est passé et ce qui aide. Sans reproche ni jargon.

## Le modèle n’a pas répondu : une ligne par genre de panne.

failure-key-invalid = Le fournisseur du modèle n’accepte pas la clé qu’on lui présente, alors je ne peux pas répondre. La personne à qui elle appartient peut la vérifier ou en mettre une autre.
failure-no-credit = Le compte qui paie le modèle n’a plus de crédit. Une fois qu’il sera rechargé, repose ta question.
failure-rate-limited = Le modèle reçoit en ce moment plus de questions qu’il ne peut en traiter. Laisse-lui une minute et repose ta question.
failure-too-long = C’est plus de texte que le modèle ne peut en lire d’un coup. Essaie plus court, ou repars à zéro avec /reset.
failure-refused = Le fournisseur du modèle n’a pas voulu répondre à cela. Le dire autrement peut aider.
failure-empty = Le modèle n’a rien renvoyé du tout. Repose ta question, s’il te plaît.
failure-timed-out = Le modèle a mis trop longtemps et j’ai cessé d’attendre. Réessaie dans un instant.
failure-down = Le modèle est injoignable pour le moment. Réessaie dans un petit moment.
failure-truncated = La connexion avec le modèle s’est coupée au milieu de la réponse. Repose ta question, s’il te plaît.
failure-malformed = Le modèle a envoyé quelque chose que je ne comprends pas. Repose ta question ; si cela continue, préviens la personne qui tient cette maison.
failure-bad-request = Tel qu’il est réglé, le modèle ne peut pas répondre à cela. La personne qui tient cette maison peut vérifier le nom et les réglages du modèle.
failure-cancelled = D’accord, j’arrête. Rien de cette réponse n’est gardé.
failure-gave-up = J’ai essayé plusieurs fois, et chaque fois quelque chose a lâché dans la maison. C’est noté pour la personne qui s’en occupe. Essaie de le demander autrement.
failure-own-key-invalid = Ta propre clé n’est plus acceptée, je ne peux donc pas répondre. /keys list la montre ; /keys set en met une autre, /keys remove la retire.
failure-own-key-no-credit = Le compte de ta propre clé n’a plus de crédit. Recharge-le là-bas, ou retire la clé avec /keys remove.
failure-own-key-bad-request = Ton fournisseur n’accepte pas le modèle réglé pour ta clé. /keys list le montre ; /keys set avec --model en choisit un autre.
failure-own-key-unusable = Ta propre clé ne peut pas être ouverte ou utilisée, et je ne réponds avec celle de personne d’autre. Remets-la avec /keys set, ou retire-la avec /keys remove.

## Une ligne qui commence comme une commande mais ne se lit pas comme telle.

misread-empty = Une commande commence par une barre oblique et un nom, par exemple /help.
misread-unclosed-quote = Il y a un guillemet ouvert qui n’est pas refermé. Ferme-le et renvoie la ligne.
misread-unknown-command = La commande { $given } n’existe pas. /help les montre toutes.
misread-similar-command = La commande { $given } n’existe pas. Voulais-tu dire { $suggestion } ?
misread-incomplete = Il manque un mot après { $command }. Au choix : { $choices }.
misread-unknown-option = { $given } n’est pas une option ici. Cela s’écrit ainsi : { $usage }
misread-similar-option = { $given } n’est pas une option ici. Voulais-tu dire { $suggestion } ?
misread-surplus = Je ne sais que faire de « { $given } ». Cela s’écrit ainsi : { $usage }
misread-missing-argument = Il manque « { $argument } ». Cela s’écrit ainsi : { $usage }
misread-missing-value = Il manque une valeur à « { $argument } ». Cela s’écrit ainsi : { $usage }
misread-repeated = « { $argument } » apparaît plusieurs fois ; une seule suffit. Cela s’écrit ainsi : { $usage }
misread-bad-choice = « { $given } » ne fait pas partie des choix. Au choix : { $choices }.
misread-unclear = Je n’arrive pas à lire cela comme une commande. Cela s’écrit ainsi : { $usage }
misread-value-length = « { $given } » ne convient pas pour « { $argument } » : il faut au moins un caractère et { $max } au plus.
misread-value-one-line = « { $argument } » doit tenir sur une ligne : « { $given } » n’y tient pas.
misread-value-page = « { $given } » n’est pas une page. « { $argument } » est un nombre à partir de 1.
misread-value-memory = « { $given } » ne peut pas être un identifiant. Pour « { $argument } », recopie les lettres et chiffres que montre /memory view.
misread-value-locale = « { $given } » n’est pas un code de langue. Pour « { $argument } », écris par exemple fr ou en-US.
misread-value-zone = « { $given } » n’est pas un fuseau horaire. Pour « { $argument } », écris un nom comme Europe/Paris.

## Compris, mais impossible.

refusal-not-allowed = Seule la personne qui tient cette maison peut faire cela.
refusal-only-terminal = { $command } ne marche que dans le terminal.
refusal-personality-not-found = Il n’y a personne du nom de « { $name } » ici. /personality list montre qui est là.
refusal-personality-similar = Il n’y a personne du nom de « { $name } » ici. Voulais-tu dire { $suggestion } ?
refusal-memory-not-found = Tu n’as aucun souvenir dont l’identifiant est « { $id } ». /memory view montre ceux qui existent. Rien n’a été effacé.
refusal-memory-ambiguous = Plusieurs de tes souvenirs finissent par « { $id } ». Donne quelques caractères de plus de l’identifiant. Rien n’a été effacé.
refusal-page-beyond = La dernière page est la page { $pages }.
refusal-inspect-nothing = Il n’y a pas encore de réponse à examiner ici.
refusal-reset-nothing-to-undo = Il n’y a pas de remise à zéro à annuler ici.
refusal-help-unknown = La commande « { $command } » n’existe pas. /help les montre toutes.
refusal-persona-nothing-to-change = Rien à changer. Indique au moins --name, --pronouns ou --description.
refusal-zone-unknown = Je ne connais pas le fuseau horaire « { $zone } ». Écris-le comme Europe/Paris ou America/New_York.
refusal-locale-unknown = Je ne parle pas encore « { $locale } ». Je parle : { $locales }.
refusal-message-too-long = Ce message est trop long : { $max } caractères au plus. Envoie-le en plusieurs morceaux, s’il te plaît.
refusal-internal = Quelque chose s’est mal passé dans la maison ; c’est noté pour la personne qui la tient. Réessaie, s’il te plaît.
refusal-model-not-offered = Le modèle de cette maison n’est pas ouvert à tout le monde. Apporte ta propre clé avec /keys set, ou demande à qui la tient.
refusal-recall-away = La mémoire est injoignable pour le moment. Rien n’a été changé ; réessaie dans un instant.
refusal-keys-provider-unknown = Je ne connais pas le fournisseur « { $provider } ». Je connais : { $providers }.
refusal-keys-none = Tu n’as pas de clé { $provider } ici. /keys list montre les tiennes.
refusal-keys-no-model = Dis quel modèle de { $provider } utiliser : /keys set { $provider } --model et son nom.
refusal-keys-not-a-key = Ça ne ressemble pas à une clé : c’est un seul mot sans espaces, d’au moins 8 caractères. Rien n’a été gardé.
refusal-keys-too-often = Cela fait beaucoup de clés en peu de temps. La prochaine pourra être essayée dans { $minutes } min. Rien n’a été gardé.
refusal-keys-refused = { $provider } n’accepte pas cette clé. Rien n’a été gardé.
refusal-keys-model-unknown = { $provider } accepte la clé mais ne connaît pas ce modèle. Nommes-en un avec --model. Rien n’a été gardé.
refusal-keys-unusable = La clé { $provider } ne peut pas être utilisée pour l’instant ; c’est noté pour qui tient cette maison.
refusal-key-in-message = Ce message contient ce qui ressemble à la clé d’un fournisseur, je ne l’ai donc pas pris : rien n’en est gardé ni envoyé. Si d’autres ont pu la voir, révoque-la chez son fournisseur. Pour confier une clé à cette maison : /keys set
refusal-nobody-active = Personne n’est actif ici. /activate et un nom y changent quelque chose.
refusal-persona-exists = Tu as déjà une persona appelée « { $name } ». Choisis un autre nom.
refusal-persona-not-found = Tu n’as pas de persona appelée « { $name } ». /persona list montre les tiennes.
refusal-data-not-confirmed = Ce n’est pas « { $name } », rien n’a donc été effacé.
refusal-personality-exists = Il y a déjà « { $name } » ici. Choisis un autre nom.
refusal-personality-too-many = Tu as { $max } personnages, le maximum pour un membre.
refusal-personality-about = La ligne sur un personnage tient sur une ligne de 200 caractères au plus. Rien n’a été gardé.
refusal-personality-prompt = Dire qui est un personnage prend de { $min } à { $max } caractères. Rien n’a été gardé.
refusal-personality-not-yours = { $name } n’est pas à toi, tu ne peux pas y toucher.
refusal-personality-private-here = { $name } est privé et ne peut être actif que là où tu es seul avec la maison. /personality share everyone y change quelque chose.
