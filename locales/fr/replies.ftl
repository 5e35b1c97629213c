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
inspect-recall-away = aucun : la mémoire n’a pas répondu à temps

## /help
reply-help = Ce que tu peux demander à la maison. Tout le reste de ce que tu écris va au personnage à qui tu parles.
reply-help-more = Pour en savoir plus sur une commande : /help et son nom.

## /about
reply-about = Voici Greenroom { $version }, une maison bien à soi pour personnages d’IA.
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
reply-persona-view = Voilà comment les personnages te voient. Pour changer : /persona edit
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
reply-data-exported = Tout ce que cette maison garde sur toi : { $messages } messages (les tiens et les réponses), { $memories } souvenirs, { $answers } réponses, payées ou gratuites. Le fichier est du JSON que tout programme sait lire.

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
reply-persona-created = Une nouvelle persona. Avec /persona use et son nom, les personnages te voient ainsi ; ce qu’ils retiennent de toi reste à part pour chaque persona.
reply-persona-list = { $count ->
        [one] Tu as une persona.
       *[other] Tu as { $count } personas.
    }
reply-persona-used = Désormais les personnages te voient ainsi, avec les souvenirs de cette persona.
persona-in-use = en service
persona-not-in-use = –
reply-data-erase-ask = Ceci efface pour de bon tout ce que cette maison garde sur toi : { $personas } personas, { $memories } souvenirs, { $messages } messages avec leurs réponses, tes clés et ta consommation. Les sauvegardes antérieures de qui tient la maison l’ont encore. Pour le garder, d’abord : /data export
form-data-erase = Pour tout effacer, tape { $name }
reply-data-erased = Tout est effacé. Si tu dis encore quelque chose, tu es ici quelqu’un de nouveau.

## /personality create, edit, share, delete
reply-personality-ask = Qui est { $name } ? Deux questions ; une ligne vide laisse tout comme avant.
form-personality-about = { $name } en une ligne, pour les listes
form-personality-prompt = Qui est { $name } et sa façon de parler, comme tu le dirais à une actrice
reply-personality-created = { $name } vit ici maintenant, pour toi seul. Dans le terminal, /talk et le nom ; ailleurs, appelle son nom. Avec /personality share everyone, toute la maison peut parler à { $name }.
reply-personality-now = Voici ce qui est dit à { $name } ; réécris-le, ou garde-le avec une ligne vide.
reply-personality-changed = { $name } est changé. La prochaine réponse le montre.
reply-personality-shared = Toute la maison peut maintenant parler à { $name }. Ce que { $name } retient de toi reste entre vous.
reply-personality-unshared = { $name } n’est plus là que pour toi.
reply-personality-delete-ask = Ceci efface { $name } pour de bon, avec ce qui a été dit et tout ce dont { $name } se souvient, de tout le monde.
reply-personality-deleted = { $name } est effacé.
personality-private = { $about } (à toi seul)
