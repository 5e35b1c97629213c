# Ce que le terminal dit de lui-même.

console-welcome = Tu parles à { $name }, un personnage d’IA. Écris et appuie sur Entrée ; /help montre le reste ; Ctrl-D pour partir.
console-tiny-model =
    Voici { $model }, un modèle minuscule qui tourne dans Greenroom même. Il montre comment marche la maison ; malin, il ne l’est pas.
    Pour en avoir un meilleur, lance Ollama, ou définis LLM_BASE_URL, LLM_API_KEY et LLM_MODEL.
console-using-server = C’est { $model } sur { $server } qui répond, trouvé sur cette machine.
console-fetching-model = Téléchargement de { $model } (une seule fois)
console-fetched-model = { $model } est là.
console-writing = { $name } écrit…
console-takes-longer = { $name } met plus de temps que d’habitude. Ctrl-C arrête la réponse.
console-stopped = Arrêté.
console-leave-hint = Ctrl-D pour partir.
console-goodbye = À bientôt. Ce que tu as dit est gardé.
console-no-history = L’historique de saisie n’a pas pu être enregistré dans { $path }.
console-file-saved = Enregistré sous { $path }
console-file-not-saved = Le fichier n’a pas pu être enregistré dans { $path } : { $why }
console-form-optional = Une ligne vide laisse une chose telle quelle.
console-form-left = Tout reste comme avant.
console-file-not-read = Le fichier { $path } ne peut pas être lu : { $why }. Donnes-en un autre, ou une ligne vide pour en rester là.

console-backup-made = { $path } contient ce que garde cette maison, avec ses images. Le jeu de clés { $keyset } n’y est pas : gardes-en une copie ailleurs, sinon les clés des membres sont perdues. Ce que savent les appareils sur Matrix n’y est pas non plus : une copie plus ancienne casserait le chiffrement.
console-backup-postgres =
    Cette maison est sur PostgreSQL, qui fait ses sauvegardes avec son propre outil. Lance :
    { $line }
    Copie aussi le dossier { $pictures }, s’il existe, et garde le jeu de clés ailleurs.
console-restore-postgres =
    Cette maison est sur PostgreSQL, qui reprend ses sauvegardes avec son propre outil. Dans une base vide, lance :
    { $line }
    puis, avant que la maison démarre : greenroom restore --settle
console-restored = La maison est de retour. { $count ->
        [0] Rien n’y était en cours.
        [one] Une réponse qui était en cours alors n’est plus donnée : elle l’a peut-être déjà été.
       *[other] { $count } réponses qui étaient en cours alors ne sont plus données : elles l’ont peut-être déjà été.
    }
console-restored-reindex = Lance greenroom reindex avant de la démarrer : les vecteurs dans Qdrant sont d’un autre moment.

console-audit-whole = Le journal est intact jusqu’à la ligne { $n }. Note la ligne qui suit et garde-la ailleurs, pour --noted.
console-audit-changed = La ligne { $n } n’est pas telle qu’elle a été écrite, ou ne suit pas celle d’avant.
console-audit-missing = La ligne { $n } manque.
console-audit-cut = Le journal s’arrête à la ligne { $n } et allait plus loin.
console-audit-noted = La ligne { $n } n’est pas celle qui a été notée.
