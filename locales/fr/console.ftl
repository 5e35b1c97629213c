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
