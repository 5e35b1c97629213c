# Ce que répondent les commandes. Les messages `label-…` nomment les lignes d’une réponse.

## /memory
reply-memory-page = { $count ->
        [one] Un souvenir
       *[other] { $count } souvenirs
    }, page { $page } sur { $pages }. Pour en effacer un : /memory delete et son identifiant.
reply-memory-none = Rien n’est encore retenu de toi. Parle à quelqu’un et cela apparaîtra ici.
reply-memory-found = { $count ->
        [one] Un souvenir correspond
       *[other] { $count } souvenirs correspondent
    } à « { $words } », le meilleur d’abord.
reply-memory-not-found = Je ne trouve aucun souvenir à propos de « { $words } ».
reply-memory-more = Suite : { $command }
reply-memory-deleted = { $count ->
        [one] Le souvenir est effacé pour de bon.
       *[other] { $count } souvenirs sont effacés pour de bon.
    }
reply-memory-entry = { $id } · { $when } · { $personality } · { $origin }
memory-origin-user-said = d’une conversation
memory-origin-import = apporté d’ailleurs

## /reset
reply-reset-done = On repart à zéro : la prochaine réponse ne saura rien de ce qui s’est dit ici avant. Les souvenirs restent. Pour annuler : /reset undo
reply-reset-undone = La conversation d’avant la dernière remise à zéro est de retour.

## /inspect
reply-inspect = De quoi la dernière réponse est faite
label-inspect-personality = A répondu
label-inspect-persona = Tu étais
label-inspect-model = Modèle
label-inspect-provider = Fourni par
label-inspect-key = Payé par
label-inspect-tokens = Tokens
label-inspect-time = Durée
label-inspect-history = Messages précédents
label-inspect-memories = Souvenirs utilisés
label-inspect-memory = Souvenir { $id }
label-inspect-failure = Pas de réponse car
label-inspect-trace = Trace
inspect-key-local = personne : le modèle tourne ici
inspect-key-operator = la clé de la maison
inspect-key-member = ta clé
inspect-tokens = { $prompt } en entrée, { $completion } en sortie
inspect-tokens-counted = environ { $prompt } en entrée, { $completion } en sortie (comptés ici)
inspect-time = { $total } s, premiers mots après { $first } s
inspect-none = aucun
label-inspect-preset = Préréglage
label-inspect-budget = Prompt
inspect-budget-parts = { $total } jetons sur { $limit } : personnage { $character }, historique { $history }, souvenirs { $memories }, message { $message }
inspect-time-own = la maison elle-même a pris { $millis } ms
inspect-memory-used = dans le prompt, { $tokens } jetons ; score { $score } (sens { $dense }, mots { $lexical })
inspect-memory-unused = trouvé, laissé de côté faute de place ; score { $score } (sens { $dense }, mots { $lexical })
inspect-memory-gone = (supprimé depuis)
inspect-memory-repeated = répété : déjà dit avec les mêmes mots, et pris une seule fois ({ $count } : { $ids })
inspect-recall-away = aucun : la mémoire n’a pas répondu à temps

## /help
reply-help = Ce que tu peux demander à la maison. Tout le reste de ce que tu écris va au personnage à qui tu parles.
reply-help-more = Pour en savoir plus sur une commande : /help et son nom.

## /about
reply-about = Voici Greenroom { $version }, une maison pour personnages d’IA. Tu parles à des programmes, pas à des personnes.
label-about-model = Modèle
label-about-database = Base de données
label-about-store = Mémoire
label-about-embedder = Trouve le sens avec
label-about-personalities = Personnages
label-about-locales = Langues
about-model = { $model } ({ $provider })
about-model-tiny = { $model } ({ $provider }) : un modèle minuscule qui montre comment marche la maison et n’est pas malin

## /personality et /talk
reply-personality-list = À qui tu peux parler ici
reply-personality-none = Personne n’habite encore ici. La personne qui tient cette maison peut ajouter des fichiers de personnages.
reply-personality-view = { $name } : { $about }
label-personality-slug = Nom court
label-personality-pronouns = Pronoms
label-personality-aliases = Répond aussi à
reply-talk = Tu parles maintenant à { $name }.

## /persona
reply-persona-view = Voilà comment on te voit. Pour changer : /persona edit
reply-persona-saved = C’est enregistré. Désormais les personnages te voient ainsi.
label-persona-name = Nom
label-persona-pronouns = Pronoms
label-persona-description = À propos de toi
persona-not-set = non précisé

## /settings
reply-settings-view = Tes réglages
reply-settings-time-zone = Les dates sont désormais affichées pour { $zone }. Là-bas, il est { $time }.
reply-settings-locale = Désormais je te parle français.
label-settings-time-zone = Fuseau horaire
label-settings-locale = Langue

## /data
reply-data-exported = Tout ce que cette maison garde sur toi, avec tes personnages, tes préréglages et tes choix. Le fichier est un ZIP avec du JSON pour les programmes et du texte à lire.
label-data-messages = Messages, avec leurs réponses
label-data-memories = Souvenirs
label-data-usage = Lignes de consommation
label-data-personas = Personas
label-data-personalities = Personnages qui ne sont qu’à toi
label-data-shared = Personnages que tu partages

## /keys
reply-keys-ask = Ta clé { $provider } te répondra à toi, avec le modèle { $model }, à tes frais, et à personne d’autre. Elle est gardée scellée et n’est plus jamais montrée. Ne l’écris pas dans la conversation.
form-keys-key = Ta clé { $provider }
reply-keys-set = Ta clé { $provider } marche. C’est elle qui te répond désormais.
reply-keys-set-unverified = Ta clé { $provider } est gardée, mais { $provider } n’a pas pu être interrogé. Elle sera essayée avec ton prochain message.
reply-keys-none = Tu n’as apporté aucune clé. Pour en apporter une : /keys set et l’un de { $providers }
reply-keys = { $count ->
        [one] Ta clé
       *[other] Tes clés
    }
reply-keys-tested = Ta clé { $provider } { $state }.
reply-keys-removed = Ta clé { $provider } est retirée de cette maison. Chez { $provider }, elle existe toujours.
keys-row = { $mask } · { $model } · { $state } · dernière vérification : { $checked }
keys-row-answering = { $mask } · { $model } · { $state } · dernière vérification : { $checked } · te répond
keys-never-checked = jamais
keys-state-valid = marche
keys-state-invalid = n’est pas acceptée
keys-state-no-credit = n’a plus de crédit
keys-state-limited = reçoit trop de demandes
keys-state-unverified = n’a pas encore pu être vérifiée

## /activate, /deactivate, /autorespond
reply-activated = { $name } répond désormais à tout ce qui se dit ici. Avec /autorespond off, seulement sur appel ; /deactivate y met fin.
reply-deactivated = Désormais, personne ne répond ici sans être appelé.
reply-autorespond-on = { $name } répond à tout ce qui se dit ici.
reply-autorespond-off = { $name } reste et ne répond que sur appel.

## /usage
reply-usage = { $period } : { $answers ->
        [one] une réponse
       *[other] { $answers } réponses
    }, { $prompt } jetons en entrée, { $completion } en sortie, environ { $cost } $ au tarif public.
reply-usage-none = { $period } : aucune réponse.
usage-period-day = Les dernières 24 heures
usage-period-week = Les 7 derniers jours
usage-period-month = Les 30 derniers jours
usage-period-all = En tout
usage-row = { $answers } · { $prompt } en entrée, { $completion } en sortie · { $cost } $ · payé par : { $paid }

## /persona create, list, use
reply-persona-created = Une nouvelle persona. Avec /persona use et son nom, le personnage à qui tu parles te voit ainsi ; avec /persona default, tous te voient ainsi. Ce qu’ils retiennent de toi reste à part pour chaque persona.
reply-persona-list = { $count ->
        [one] Tu as une persona.
       *[other] Tu as { $count } personas.
    }
reply-persona-used = Désormais { $name } te voit ainsi, avec ce que { $name } retient de cette persona.
persona-in-use = pour { $name }
persona-not-in-use = –
reply-data-erase-ask = Ceci efface pour de bon tout ce que cette maison garde sur toi : ce qui est compté ici, tes clés, tes préréglages et tes choix. Les personnages que tu partages restent, sans propriétaire. Les sauvegardes antérieures de qui tient la maison l’ont encore. Pour le garder, d’abord : /data export
form-confirm = Pour confirmer, tape { $name }
reply-data-erased = Tout est effacé. Si tu dis encore quelque chose, tu es ici quelqu’un de nouveau.

## /personality create, edit, share, delete
reply-personality-ask = Qui est { $name } ? Deux questions ; ce que tu passes reste comme avant.
form-personality-about = { $name } en une ligne, pour les listes
form-personality-prompt = Qui est { $name } et sa façon de parler, comme tu le dirais à une actrice
reply-personality-created = { $name } vit ici maintenant, pour toi seul. Dans le terminal, /talk et le nom ; ailleurs, appelle son nom. Avec /personality share everyone, toute la maison peut parler à { $name }.
reply-personality-now = Voici ce qui est dit à { $name } ; réécris-le, ou laisse-le tel quel.
reply-personality-changed = { $name } est changé. La prochaine réponse le montre.
reply-personality-shared = Toute la maison peut maintenant parler à { $name }. Ce que { $name } retient de toi reste entre vous.
reply-personality-unshared = { $name } n’est plus là que pour toi.
reply-personality-delete-ask = Ceci efface { $name } pour de bon, avec ce qui a été dit et tout ce dont { $name } se souvient, de tout le monde.
reply-personality-deleted = { $name } est effacé.
personality-private = { $about } (à toi seul)

## Ce que la maison dit d’elle-même, avant une réponse ou en dessous
disclosure-first-contact = Avant de commencer : tu parles à un personnage d’IA, pas à une personne. Ce que tu dis est gardé ici pour qu’on puisse s’en souvenir ; /about dit quoi et combien de temps, /memory le montre, /data erase l’enlève.
disclosure-announcement = De la part de la personne qui tient cette maison : { $text }
footer-incognito = rien n’est retenu jusqu’à { $until }
footer-fresh = aucun souvenir n’est utilisé jusqu’à { $until }

## Qui en a décidé
decided-bond = ton choix pour { $name }
decided-member = ton choix
decided-personality = choix de qui a créé { $name }
decided-house = choix de qui tient cette maison
decided-nobody = comme la maison est faite
switch-on = oui
switch-off = non

## /about
label-about-ai = Qui répond
label-about-stored = Ce qui est gardé
label-about-stop = Comment l’arrêter
about-ai = Des personnages d’IA. Ils peuvent se tromper, ne sont les thérapeutes de personne et disent qu’ils sont des IA quand tu le demandes.
about-stored = Ce que toi et les personnages dites, ce qu’ils en retiennent, comment tu veux qu’on te voie, tes choix et ce que coûtent les réponses. Les mots d’une réponse vont au modèle nommé ici ; rien ne sert à en entraîner un.
about-stop = Avec /memory incognito, rien n’est retenu pendant un moment, avec /settings memory off, plus jamais ; /memory forget-me et /data erase enlèvent ce qui est là ; /data export te le remet d’abord.

## /alias
reply-alias-added = { $name } répond maintenant à « { $alias } » quand c’est toi qui le dis.
reply-alias-added-over = { $name } répond maintenant à « { $alias } » quand c’est toi qui le dis. Pour tous les autres, le nom désigne ce qu’il désignait avant.
reply-alias-added-everyone = { $name } répond maintenant à « { $alias } », pour toute la maison.
reply-alias-removed = « { $alias } » ne désigne plus personne.
reply-alias-list = { $count ->
        [one] L’autre nom dont tu peux te servir
       *[other] Les { $count } autres noms dont tu peux te servir
    }
reply-alias-none = Il n’y a pas encore d’autres noms. Pour en créer un : /alias add, le nom, et --to avec le personnage qu’il désigne.
alias-row-own = { $name } · à toi
alias-row-everyone = { $name } · à tout le monde
alias-row-shadowed = { $name } · pas entendu : un autre personnage ou un nom à toi le porte

## /preset et /prompt
reply-preset-created = Le préréglage « { $preset } » est créé : { $values }. Pour l’utiliser, /preset use et son nom, ou /preset default pour chaque personnage.
reply-preset-changed = Le préréglage « { $preset } » dit maintenant : { $values }.
reply-preset-deleted = Le préréglage « { $preset } » est effacé. Qui s’en servait passe au prochain qui vaut.
reply-preset-used = { $name } te répond maintenant avec « { $preset } ».
reply-preset-off = { $name } te répond maintenant avec le préréglage de la maison, quoi qu’un autre ait choisi.
reply-preset-inherited = Pour { $name }, tu t’en remets au prochain qui a choisi. ({ $preset })
reply-preset-default = Chaque personnage te répond maintenant avec « { $preset } », sauf si tu en as choisi un autre pour l’un d’eux.
reply-preset-default-off = Chaque personnage te répond maintenant avec le préréglage de la maison, sauf si tu en as choisi un autre pour l’un d’eux.
reply-preset-default-inherited = Tu laisses les personnages et la maison décider du préréglage qui te répond.
reply-preset-exported = Le préréglage « { $preset } », à garder ou à transmettre.
reply-preset-import-ask = Un préréglage vient d’un fichier fait avec /preset export.
form-preset-file = Le fichier du préréglage
reply-preset-list = { $count ->
        [one] Le préréglage dont tu peux te servir
       *[other] Les { $count } préréglages dont tu peux te servir
    }
reply-preset-none = Tu n’as pas encore de préréglage. Pour en créer un : /preset create et un nom, avec --model, --temperature et autres.
preset-row-own = { $values } · à toi
preset-row-offered = { $values } · proposé par la maison
preset-house = de la maison
preset-answering = { $preset } · { $by }
label-preset-answering = { $name } te répond avec
reply-prompt-ask = Que faut-il dire aux personnages sur la façon de te répondre ? Cela va à côté de qui ils sont et ne le remplace jamais, et les réponses des autres n’en changent pas.
form-prompt-text = Comment te répondre
reply-prompt-set = La prochaine réponse en tient compte. /prompt view le montre, /prompt clear le reprend.
reply-prompt-off = Désormais plus aucune consigne, seulement qui est le personnage.
reply-prompt-cleared = Tes propres consignes sont reprises ; celles du prochain qui en a donné s’appliquent.
reply-prompt-view = Ce qui est dit à { $name } sur la façon de te répondre
prompt-none = rien

## /persona
reply-persona-default = Désormais chaque personnage te voit ainsi, sauf si tu as choisi une autre persona pour l’un d’eux.
reply-persona-edit-ask = Trois questions ; ce que tu passes reste comme c’est, un simple tiret l’enlève.
reply-persona-delete-ask = Ceci efface pour de bon la persona { $name }, avec tout ce que les personnages retiennent d’elle.
reply-persona-deleted = La persona { $name } est effacée.
form-persona-name = Comment ils doivent t’appeler
form-persona-pronouns = Tes pronoms
form-persona-description = Ce qu’ils doivent savoir de toi
persona-usual = celle d’habitude

## /personality
reply-personality-found = Personnages qui correspondent à « { $words } »
reply-personality-not-found = Aucun personnage ici ne correspond à « { $words } ».
reply-personality-configured = Comment répond { $name }
reply-personality-guest = Un membre de plus peut maintenant parler à { $name }.
reply-personality-co-owner = Un membre de plus s’occupe maintenant avec toi de { $name }.
reply-personality-without = Ce membre n’est plus parmi ceux pour qui { $name } est là.
reply-personality-transfer-ask = Ceci donne { $name } à { $who }. Ce que { $name } retient de chaque membre reste à { $name }. Seul { $who } peut te rendre { $name }.
reply-personality-transferred = { $name } est maintenant à { $who }.
reply-personality-avatar = { $name } a une nouvelle image.
reply-personality-avatar-gone = { $name } n’a plus d’image.
reply-personality-exported = { $name } dans un fichier, à garder, à changer ou à transmettre. Les souvenirs n’y sont pas.
reply-personality-import-ask = Un personnage vient d’un fichier : un fichier fait avec /personality export, ou une fiche de personnage en JSON.
form-personality-file = Le fichier du personnage
label-personality-adult = Réservé aux adultes
label-personality-prompt = Qui c’est
label-personality-temperature = Température
label-personality-max-tokens = Réponse la plus longue
label-personality-memory = Peut se souvenir
label-personality-daily = Ce que les autres peuvent demander à tes personnages par jour
personality-shared = { $about } (à toi, partagé avec certains)
personality-guest = { $about } (partagé avec toi)

## /memory
memory-origin-corrected = rectifié par toi
memory-origin-inferred = tiré de ce qui a été dit
memory-outdated = plus d’actualité
memory-locked = protégé
memory-flagged = douteux : { $reason }
reply-memory-correct-ask = Qu’en est-il vraiment ? Ce que tu écris prend la place de ceci, et l’ancienne version ne sert plus jamais.
form-memory-correct = Ce qu’il en est vraiment
reply-memory-corrected = C’est rectifié. Désormais, voici ce qui est retenu :
reply-memory-flagged = Marqué comme douteux.
reply-memory-unflagged = La marque est retirée.
reply-memory-locked = { $count ->
        [one] Le souvenir est gardé
       *[other] { $count } souvenirs sont gardés
    } quand beaucoup sont effacés d’un coup.
reply-memory-unlocked = { $count ->
        [one] Le souvenir part
       *[other] { $count } souvenirs partent
    } désormais avec les autres.
reply-memory-stats = { $count ->
        [one] Un souvenir en tout
       *[other] { $count } souvenirs en tout
    }, par personnage et persona
memory-stats-row = { $count }, dont { $locked } protégés et { $flagged } douteux ; { $size } caractères ; du { $first } au { $last }
reply-session-none = Aucune session n’est en cours ici. /session start en commence une.
reply-session-view = Sessions en cours ici :
session-row = { $count ->
    [one] depuis { $since } ; un échange est retenu
   *[other] depuis { $since } ; { $count } échanges sont retenus
}, de { $people ->
    [one] une personne
   *[other] { $people } personnes
}
reply-session-started = Désormais, ce qu’on dit ici à { $name } n’est retenu qu’ici, pour les réponses à tout le monde, jusqu’à /session end. Ensuite c’est oublié, sauf avec --keep.
reply-session-forgotten = La session avec { $name } est finie. { $forgotten ->
    [0] Il n’y avait rien à oublier.
    [one] Un échange est oublié.
   *[other] { $forgotten } échanges sont oubliés.
} { $kept ->
    [0] La conversation repart à zéro.
    [one] Un échange protégé reste à qui l’a dit. La conversation repart à zéro.
   *[other] { $kept } échanges protégés restent à ceux qui les ont dits. La conversation repart à zéro.
}
reply-session-kept = La session avec { $name } est finie. { $kept ->
    [0] Il n’y avait rien à garder.
    [one] Un échange reste à qui l’a dit, comme souvenir à soi.
   *[other] { $kept } échanges restent à ceux qui les ont dits, comme souvenirs à eux.
}
memory-of-session = de la session en cours
memory-sealed = { $kind ->
    [fact] Un fait
    [profile] Quelque chose entre vous deux
    [summary] Un résumé
   *[other] Un échange
} d’un salon chiffré. Les mots ne sont montrés que dans ce salon.
memory-sealed-short = (d’un salon chiffré)
inspect-memory-of-another = (de quelqu’un d’autre, de cette session)
reply-incognito-on = Jusqu’au { $until }, rien de ce que tu dis n’est retenu. La conversation elle-même continue comme d’habitude.
reply-incognito-off = Ce que tu dis est de nouveau retenu.
reply-incognito-none = Tu n’es pas incognito : ce que tu dis est retenu.
reply-incognito-some = Jusque-là, rien n’est retenu avec
reply-fresh-on = Jusqu’au { $until }, on t’accueille comme si rien n’était retenu. Rien n’est effacé.
reply-fresh-off = Ce qui est retenu est de nouveau utilisé.
reply-fresh-none = Ce qui est retenu est utilisé.
reply-fresh-some = Jusque-là, l’accueil se fait sans souvenirs avec
quiet-everyone = tout le monde
reply-forget-me-ask = Ceci efface pour de bon tout ce que les personnages retiennent de toi : { $count } souvenirs. Ceux qui sont protégés restent. Les conversations elles-mêmes restent aussi.
reply-forget-me-ask-one = Ceci efface pour de bon tout ce que { $name } retient de toi : { $count } souvenirs. Ceux qui sont protégés restent. Les conversations elles-mêmes restent aussi.

## /inspect
label-inspect-prompt = Consignes
label-inspect-remembered = Cet échange
inspect-remembered = est retenu
inspect-not-remembered = n’est pas retenu

## /settings
label-settings-footer = Une ligne sur le modèle sous les réponses
label-settings-memory = Retenir des choses de toi
label-settings-sharing = Utiliser ailleurs les souvenirs privés
label-settings-budget = Ta propre limite pour un jour
reply-settings-budget = Ta propre limite pour un jour : { $budget }

## /usage
usage-row-lost = { $answers } interrompues · comptées pour { $prompt } en entrée au plus · { $cost } $ · payé par : { $paid }
usage-row-chore = { $answers } parts de travail en arrière-plan · { $prompt } en entrée, { $completion } en sortie · { $cost } $ · payé par : { $paid }
label-usage-storage = Gardé sur toi
usage-storage = messages : { $messages } caractères ; souvenirs : { $memories }

## Limites
limit-tokens = { $count } jetons
limit-answers = { $count } réponses
limit-cost = { $cost } $
limit-none = aucune limite
limit-of-house = Tout ce que paie cette maison
limit-of-member = Chaque membre
limit-of-place = Chaque lieu
limit-of-owner = Chaque créateur de personnages
limit-of-one = { $id }
limit-per-minute = en une minute
limit-per-day = en un jour
limit-per-month = en 30 jours

## /admin
reply-admin-status = Greenroom { $version }
label-status-role = Rôle
role-together = tout en un seul processus
label-status-age = En marche depuis
status-age = { $days } j { $hours } h { $minutes } min
label-status-fronts = Accès
label-status-waiting = Réponses dues
status-waiting = { $count ->
        [0] aucune
       *[other] { $count }, la plus ancienne depuis { $seconds } s
    }
status-states = en attente { $queued }, en cours { $running }, en envoi { $sending }
label-status-workers = Ouvriers
status-workers = { $busy } sur { $all } occupés
label-status-members = Membres
label-status-messages = Messages
label-status-memories = Souvenirs
label-status-unindexed = Souvenirs qui attendent l’index
status-unindexed = { $count ->
        [0] aucun
       *[other] { $count }, le plus ancien depuis { $seconds } s
    }
label-status-database = Base de données
label-status-store = Mémoire
label-status-model = Modèle
label-status-breakers = Modèles laissés au repos après des échecs
status-breakers-none = aucun
status-breakers = { $count ->
        [1] { $provider } : un
       *[other] { $provider } : { $count }
    }
label-status-chores = Fait pour la dernière fois
chore-count = comptage
chore-index = index des souvenirs
chore-distil = distillation
chore-tidy = rangement
chore-not-yet = pas encore
status-works = marche
status-away = ne répond pas
reply-admin-limits = { $count ->
        [one] La limite de cette maison
       *[other] Les { $count } limites de cette maison
    }
reply-admin-limits-none = Il n’y a aucune limite. Pour en fixer une : /admin limits member day --tokens 50000
reply-admin-denied = Entrée refusée :
reply-admin-denied-list = { $count ->
        [one] La personne à qui l’entrée est refusée
       *[other] Les { $count } à qui l’entrée est refusée
    }
reply-admin-denied-none = L’entrée n’est refusée à personne.
reply-admin-allowed = { $who } peut revenir.
reply-admin-announced = Ce sera dit une fois dans chaque lieu, avec la prochaine réponse là-bas.
reply-admin-announced-nothing = Plus rien n’est annoncé.
reply-admin-model = Ce qui répond là où personne n’a choisi d’autre préréglage
denial-block = pas lu
denial-mute = lu, sans réponse
denial-place = dans ce lieu
denial-house = dans toute la maison
denial-for-good = pour de bon
denial-until = jusqu’au { $until }

## /place
reply-place-settings = Ce qui vaut dans ce lieu
reply-place-allowed = { $name } peut répondre ici.
reply-place-denied = { $name } ne répond plus ici.
label-place-active = Actif
label-place-activate = Qui dit qui est actif
label-place-only-allowed = Seuls les personnages autorisés répondent
label-place-allowed = Autorisés
label-place-denied = Non autorisés
label-place-member-tokens = Jetons de chaque membre par jour
label-place-all = Jetons de tous par jour
label-place-sign = Les commandes commencent par
place-everyone = tout le monde
place-moderators = les personnes qui s’occupent du lieu
place-nobody = personne

## Discord

reply-house-called = Bonjour ! Parle à mes personnages par leur nom, par exemple { $mention }Abi, ou écris-moi en privé. /help montre ce qu’on peut me demander, /about ce que je suis et ce que je garde.
button-previous = Précédent
button-next = Suivant
reply-persona-links = { $count ->
    [0] Aucun service comme PluralKit n’a encore parlé pour toi ici.
   *[other] Qui tu es quand un service parle pour toi :
}
reply-persona-linked = Quand { $name } parle pour toi, les personnages voient maintenant { $persona }.
menu-inspect = Examiner
menu-forget = Oublier ceci
menu-again = Répondre encore
menu-unsay = Retirer ceci
greeting-room = Bonjour ! Voici Greenroom, une maison de personnages IA : { $people }. Appelle l’un d’eux par son nom, comme { $mention }Abi, ou réponds à ce qu’il a dit. Je n’entends que ce qu’on nous dit, sauf si quelqu’un laisse l’un de nous répondre à tout ici avec /activate. /help montre ce qu’on peut encore me demander.
greeting-direct = Bonjour ! Voici Greenroom, une maison de personnages IA : { $people }. Écris simplement, et l’un de nous répond ; { $mention }Abi ou un autre nom appelle celui-là. /help montre ce qu’on peut encore me demander.
matrix-answered-in-private = Je t’ai répondu en privé.
matrix-form-ask = { $label } ? Écris-le dans ton prochain message ; { $cancel } arrête.
matrix-form-optional = { $label } ? Écris-le dans ton prochain message ; { $keep } le laisse tel quel, et { $cancel } arrête.
matrix-form-file = { $label } ? Envoie-le comme fichier texte ; { $cancel } arrête.
matrix-login-lost = Le compte Matrix { $user } de { $name } n’est plus utilisable. En attendant, { $name } parle par le mien. Le journal et « greenroom doctor » disent ce qui ne va pas.
matrix-unread = Je ne peux pas lire ce message : sa clé ne m’est pas parvenue. Je réponds quand elle arrive ; sinon, redis-le, s’il te plaît.
matrix-key-removed = Ce message contenait ce qui ressemble à la clé d’un fournisseur ; je l’ai retiré et n’en ai rien gardé. D’autres ont pu la voir : révoque-la chez son fournisseur. Pour donner une clé à cette maison : /keys set
matrix-key-stays = Ce message contient ce qui ressemble à la clé d’un fournisseur. Je n’en ai rien gardé, mais je ne peux pas le retirer ici : supprime-le toi-même, s’il te plaît, et révoque la clé chez son fournisseur, car d’autres ont pu la voir. Pour donner une clé à cette maison : /keys set
matrix-key-stays-here = Je ne peux pas retirer ici ton message avec la clé : supprime-le toi-même, s’il te plaît.
reply-again = Une autre réponse arrive à sa place.
reply-unsaid = Cette réponse est retirée ; personne ne s’en souvient.
notice-takes-longer = { $name } met plus de temps que d’habitude. La réponse est encore en route.
reply-canon = Ce qui est vrai de { $name } dans toute discussion.
reply-canon-added = C’est désormais vrai de { $name }.
reply-canon-removed = Ce n’est plus vrai de { $name }.
reply-canon-none = Rien n’est encore établi sur { $name }. Pour commencer : /personality canon { $name } --add "…"
memory-doubt-same = dit peut-être la même chose que { $id }
memory-doubt-against = ne s’accorde peut-être pas avec { $id }
