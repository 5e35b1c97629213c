use proptest::prelude::*;

use super::*;

fn text(max: usize) -> impl Strategy<Value = String> {
    // Everything people put into chat: spaces, quotes, dashes, slashes, emoji, line breaks are covered elsewhere.
    proptest::string::string_regex(&format!("[a-zA-Z0-9 \"'“”—\\\\/#=!.äß🙂-]{{1,{max}}}")).unwrap()
}

fn some<T: std::str::FromStr<Err = BadArg> + std::fmt::Debug>(max: usize) -> impl Strategy<Value = T> {
    text(max).prop_filter_map("not such a value", |text| text.parse().ok())
}

fn any_command() -> impl Strategy<Value = Command> {
    let id = "[0-9a-z]{6,26}".prop_map(|id| id.parse().unwrap());
    prop_oneof![
        proptest::option::of(1..=Page::MAX).prop_map(|page| {
            Command::Memory(Memory::View { page: page.map(|page| page.to_string().parse().unwrap()), from: None })
        }),
        proptest::collection::vec(some(30), 1..5).prop_map(|words| Command::Memory(Memory::Search { words })),
        proptest::collection::vec(id, 1..5).prop_map(|ids| Command::Memory(Memory::Delete { ids })),
        Just(Command::Reset(Reset { step: None })),
        Just(Command::Reset(Reset { step: Some(ResetStep::Undo) })),
        Just(Command::Inspect),
        Just(Command::About),
        Just(Command::Quit),
        proptest::collection::vec(some(20), 0..3).prop_map(|command| Command::Help(Help { command })),
        Just(Command::Personality(Personality::List { page: None })),
        proptest::collection::vec(some(30), 1..5)
            .prop_map(|words| { Command::Personality(Personality::Search { words }) }),
        some(80).prop_map(|name| Command::Personality(Personality::View { name })),
        some(80).prop_map(|name| Command::Personality(Personality::Create { name })),
        some(80).prop_map(|name| Command::Personality(Personality::Delete { name })),
        (some(80), proptest::option::of(some(40))).prop_map(|(name, member)| {
            Command::Personality(Personality::Share { with: With::Guest, name, member })
        }),
        (some(80), proptest::option::of(some(80)), proptest::option::of(some(90)), proptest::option::of(some(40)))
            .prop_map(|(name, rename, about, pronouns)| {
                Command::Personality(Personality::Edit { name, rename, about, pronouns })
            }),
        (some(80), proptest::option::of(0u32..=200), proptest::option::of(0u32..9_999)).prop_map(
            |(name, temperature, tokens)| {
                Command::Personality(Personality::Configure {
                    name,
                    preset: None,
                    temperature: temperature.map(|t| (f64::from(t) / 100.0).to_string().parse().unwrap()),
                    max_tokens: Some("400".parse().unwrap()),
                    adult: Some(Switch::On),
                    memory: None,
                    daily_tokens: tokens.map(|tokens| tokens.to_string().parse().unwrap()),
                })
            }
        ),
        (some(80), some(80)).prop_map(|(name, new)| Command::Personality(Personality::Duplicate { name, new })),
        (some(80), some(60)).prop_map(|(name, to)| Command::Personality(Personality::Transfer { name, to })),
        Just(Command::Personality(Personality::Import)),
        (some(60), some(60), proptest::option::of(Just(Tier::Everyone)))
            .prop_map(|(alias, to, tier)| Command::Alias(Alias::Add { alias, to, tier })),
        some(60).prop_map(|alias| Command::Alias(Alias::Remove { alias, tier: None })),
        (some(60), proptest::option::of(some(60)), proptest::option::of(some(40))).prop_map(|(name, model, tokens)| {
            let tokens: Option<TokenCount> = tokens;
            Command::Preset(Preset::Create {
                name,
                values: PresetValues { model, max_tokens: tokens, ..PresetValues::default() },
            })
        }),
        (some(60), proptest::option::of(some(60))).prop_map(|(name, with)| Command::Preset(Preset::Use { name, with })),
        proptest::option::of(some(60)).prop_map(|with| Command::Prompt(Prompt::Set { with })),
        ("[0-9a-z]{6,26}", proptest::collection::vec(some(30), 0..5))
            .prop_map(|(id, words)| { Command::Memory(Memory::Correct { id: id.parse().unwrap(), words }) }),
        (1u32..5_000, proptest::option::of(some(60))).prop_map(|(minutes, with)| {
            let (switch, span) = (Some(Switch::On), Some(Span::minutes(minutes)));
            Command::Memory(Memory::Incognito { switch, span, with })
        }),
        proptest::option::of(some(60)).prop_map(|name| Command::Memory(Memory::ForgetMe { name })),
        (some(60), proptest::option::of(some(60)), proptest::option::of(some(60))).prop_map(|(who, with, reason)| {
            let (scope, mode, span) = (Some(DenyScope::House), Some(DenyMode::Mute), None);
            Command::Admin(Admin::Deny { who, scope, mode, with, span, reason })
        }),
        proptest::collection::vec(some(30), 0..5).prop_map(|words| Command::Admin(Admin::Announce { words })),
        (0u32..9_999).prop_map(|tokens| {
            Command::Admin(Admin::Limits {
                of: Some(LimitOf::Member),
                per: Some(LimitPer::Day),
                tokens: Some(Amount::Of(tokens)),
                answers: Some(Amount::Off),
                cents: None,
                member: None,
            })
        }),
        some(80).prop_map(|name| Command::Talk(Talk { name })),
        proptest::option::of(some(40)).prop_map(|name| Command::Persona(Persona::View { name })),
        (
            proptest::option::of(some(80)),
            proptest::option::of(some(80)),
            proptest::option::of(some(40)),
            proptest::option::of(some(200))
        )
            .prop_map(|(persona, name, pronouns, description)| {
                Command::Persona(Persona::Edit { persona, name, pronouns, description })
            }),
        Just(Command::Settings(Settings::View)),
        Just(Command::Data(Data::Export)),
        Just(Command::Data(Data::Erase)),
        Just(Command::Keys(Keys::List)),
        Just(Command::Deactivate),
        some(40).prop_map(|name| Command::Activate(Activate { name })),
        Just(Command::Autorespond(Autorespond { switch: Switch::Off })),
        Just(Command::Usage(Usage { period: None })),
        Just(Command::Usage(Usage { period: Some(Period::Week) })),
        Just(Command::Persona(Persona::List)),
        (proptest::option::of(some(40)), proptest::option::of(some(40)))
            .prop_map(|(name, with)| Command::Persona(Persona::Use { name, with })),
        some(40).prop_map(|name| Command::Persona(Persona::Default { name })),
        some(40).prop_map(|name| Command::Persona(Persona::Delete { name })),
        (some(40), proptest::option::of(some(40)), proptest::option::of(some(90))).prop_map(
            |(name, pronouns, description)| { Command::Persona(Persona::Create { name, pronouns, description }) }
        ),
        some(20).prop_map(|provider| Command::Keys(Keys::Test { provider })),
        some(20).prop_map(|provider| Command::Keys(Keys::Remove { provider })),
        (some(20), proptest::option::of(some(60)))
            .prop_map(|(provider, model)| Command::Keys(Keys::Set { provider, model })),
        some(30).prop_map(|zone| Command::Settings(Settings::TimeZone { zone })),
        some(12).prop_map(|tag| Command::Settings(Settings::Locale { tag })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_out_reads_back(command in any_command()) {
        prop_assert_eq!(parse(&command.line()), Ok(command.clone()), "{}", command.line());
        prop_assert_eq!(parse_words(command.words()), Ok(command));
    }

    #[test]
    fn no_line_is_too_odd_to_be_read_or_explained(line in "\\PC{0,60}", pos in 0usize..70) {
        if let Err(misread) = parse(&line) {
            prop_assert!(misread.id().starts_with("misread-"));
        }
        completions(&format!("/{line}"), pos);
    }
}

#[test]
fn clap_accepts_the_grammar() {
    grammar().debug_assert();
}

#[test]
fn every_leaf_parses_and_fits_discord() {
    let leaves = leaves();
    let name = |name: &str| {
        (1..=32).contains(&name.chars().count())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    for leaf in &leaves {
        assert!(leaf.path.iter().all(|part| name(part)), "{}", leaf.usage());
        assert!((1..=100).contains(&leaf.about.chars().count()), "{}", leaf.usage());
        assert!(leaf.args.len() <= 25);
        assert!(leaf.args.iter().all(|arg| name(&arg.name) && (1..=100).contains(&arg.about.chars().count())));
        assert!(leaf.args.iter().all(|arg| arg.choices.len() <= 25));
        assert!(leaf.args.windows(2).all(|pair| pair[0].is_required >= pair[1].is_required), "{}", leaf.usage());
    }
    assert!(grammar().get_subcommands().count() <= 100);
    assert!(grammar().get_subcommands().all(|command| command.get_subcommands().count() <= 25));
}

/// Every leaf in one line: how it is typed, who may use it, where it exists, who sees the answer.
fn written_out() -> String {
    let line = |leaf: &Leaf| {
        let access = match leaf.access {
            Access::Everyone => "",
            Access::Moderator => " · moderators",
            Access::Operator => " · operators",
        };
        let place = if leaf.place == Where::Terminal { " · terminal only" } else { "" };
        let seen = if leaf.is_private { " · private" } else { "" };
        format!("{}{access}{place}{seen}\n", leaf.usage())
    };
    leaves().iter().map(line).collect()
}

#[test]
fn the_grammar_is_what_was_agreed_on() {
    let now = written_out();
    assert_eq!(now, include_str!("grammar.txt"), "if this is meant, grammar.txt becomes:\n{now}");
}

#[test]
fn arguments_tell_front_ends_what_they_are() {
    let leaves = leaves();
    let arg = |leaf: &str, at: usize| {
        leaves.iter().find(|known| known.path.join(" ") == leaf).map(|leaf| leaf.args[at].clone()).unwrap()
    };
    assert_eq!(arg("memory view", 0).range, Some((1, Page::MAX)));
    assert_eq!(arg("talk", 0).source, Some(Source::Personalities));
    assert_eq!(arg("talk", 0).length, Some((1, 80)));
    assert_eq!(arg("settings locale", 0).source, Some(Source::Locales));
    assert_eq!(arg("reset", 0).choices, ["undo"]);
    assert!(arg("memory delete", 0).is_list);
}

#[test]
fn lines_are_read_as_people_type_them() {
    assert_eq!(parse("/Reset Undo"), Ok(Command::Reset(Reset { step: Some(ResetStep::Undo) })));
    let other = Misread::BadChoice { given: "redo".into(), choices: "undo".into() };
    assert_eq!(parse("/reset redo"), Err(other));
    assert_eq!(parse("!memory view --page 2"), parse("/Memory View --page=2"));
    let words = |words: &[&str]| {
        Command::Memory(Memory::Search { words: words.iter().map(|word| word.parse().unwrap()).collect() })
    };
    assert_eq!(parse("/memory search what's my cat's name"), Ok(words(&["what's", "my", "cat's", "name"])));
    assert_eq!(parse("/memory search -5 degrees --really"), Ok(words(&["-5", "degrees", "--really"])));
}

#[test]
fn a_name_of_several_words_needs_no_quotes() {
    let words = |line: &str| parse(line).unwrap().words().join("|");
    assert_eq!(words("/talk Dr. Gregor"), "talk|--|Dr. Gregor");
    assert_eq!(words("/personality view the Old Sage"), "personality|view|--|the Old Sage");
    assert_eq!(words("/persona create Captain Rook --pronouns he"), "persona|create|--pronouns=he|--|Captain Rook");
    assert_eq!(words("/activate \"Dr. Gregor\""), "activate|--|Dr. Gregor");
    assert_eq!(words("/personality share everyone Old Sage"), "personality|share|everyone|--|Old Sage");
    assert_eq!(words("/alias add The Boss --to Dr. Gregor --for me"), "alias|add|--to=Dr. Gregor|--for=me|--|The Boss");
    assert_eq!(words("/persona use Captain Rook --with Old Sage"), "persona|use|--with=Old Sage|--|Captain Rook");
    assert_eq!(words("/prompt set --with Old Sage"), "prompt|set|--with=Old Sage");
    assert_eq!(
        words("/admin deny kim --reason too much of it --for 2h"),
        "admin|deny|--for=2h|--reason=too much of it|--|kim"
    );
    assert_eq!(
        words("/personality edit Old Sage --about a wise one --pronouns they / them"),
        "personality|edit|--about=a wise one|--pronouns=they / them|--|Old Sage"
    );
    assert!(parse("/keys set openrouter and more").is_err());
    assert!(parse("/settings locale de or en").is_err());
}

#[test]
fn what_cannot_be_read_is_explained() {
    let misread = |line: &str| parse(line).unwrap_err();
    assert_eq!(misread("/"), Misread::Empty);
    assert_eq!(
        misread("/memroy view"),
        Misread::SimilarCommand { given: "/memroy".into(), suggestion: "/memory".into() }
    );
    assert_eq!(
        misread("/memory veiw"),
        Misread::SimilarCommand { given: "/memory veiw".into(), suggestion: "/memory view".into() }
    );
    assert_eq!(misread("/xyzzy"), Misread::UnknownCommand { given: "/xyzzy".into() });
    let choices = "/persona view, /persona create, /persona list, /persona default, /persona use, /persona edit, \
                   /persona link, /persona delete"
        .to_owned();
    assert_eq!(misread("/persona"), Misread::Incomplete { command: "/persona".into(), choices: choices.clone() });
    assert_eq!(misread("/persona 42"), Misread::Incomplete { command: "/persona".into(), choices });
    let usage = || "/memory view [--page <page>] [--from <from>]".to_owned();
    assert_eq!(
        misread("/memory view --page x"),
        Misread::BadValue { argument: "page".into(), given: "x".into(), why: BadArg::Page }
    );
    assert_eq!(misread("/memory view --page"), Misread::MissingValue { argument: "page".into(), usage: usage() });
    assert_eq!(misread("/memory view 2"), Misread::Surplus { given: "2".into(), usage: usage() });
    assert_eq!(misread("/memory view --blue"), Misread::UnknownOption { given: "--blue".into(), usage: usage() });
    assert_eq!(
        misread("/memory view --pgae 2"),
        Misread::SimilarOption { given: "--pgae".into(), suggestion: "--page".into() }
    );
    assert_eq!(
        misread("/memory view --page 1 --page 2"),
        Misread::Repeated { argument: "page".into(), usage: usage() }
    );
    assert_eq!(misread("/talk"), Misread::MissingArgument { argument: "name".into(), usage: "/talk <name>".into() });
}

#[test]
fn access_and_place_are_decided_for_every_leaf() {
    let terminal: Vec<String> =
        leaves().iter().filter(|leaf| leaf.place == Where::Terminal).map(|leaf| leaf.path.join(" ")).collect();
    assert_eq!(terminal, ["talk", "quit"]);
    let operators: Vec<String> =
        leaves().iter().filter(|leaf| leaf.access == Access::Operator).map(|leaf| leaf.path.join(" ")).collect();
    assert_eq!(operators, ["admin status", "admin limits", "admin announce", "admin model"]);
}

#[test]
fn no_command_takes_a_key_or_any_other_secret() {
    let secrets = ["key", "token", "secret", "password", "passwort", "credential"];
    for leaf in leaves() {
        for arg in &leaf.args {
            let is_count = arg.name.ends_with("-tokens") || arg.name == "tokens";
            assert!(is_count || !secrets.iter().any(|secret| arg.name.contains(secret)), "{}", leaf.usage());
        }
    }
}

#[test]
fn quantities_and_times_are_read_as_people_write_them() {
    assert_eq!("90m".parse::<Span>().map(Span::millis), Ok(90 * 60_000));
    assert_eq!("2 h".parse::<Span>().unwrap().to_string(), "2h");
    assert_eq!("14d".parse::<Span>().unwrap().to_string(), "2w");
    for none in ["", "h", "0m", "2y", "1000000w", "-1h", "äh"] {
        assert_eq!(none.parse::<Span>(), Err(BadArg::Span), "{none}");
    }
    assert_eq!("10,000".parse::<Amount>(), Ok(Amount::Of(10_000)));
    assert_eq!("OFF".parse::<Amount>(), Ok(Amount::Off));
    assert_eq!("-1".parse::<Amount>(), Err(BadArg::Amount));
    assert_eq!("0,75".parse::<Temperature>().map(Temperature::get), Ok(0.75));
    assert_eq!("NaN".parse::<Temperature>(), Err(BadArg::Temperature));
    assert_eq!("40 %".parse::<Percent>().map(Percent::get), Ok(40));
    assert_eq!("<@!123>".parse::<MemberRef>().unwrap().as_str(), "123");
    assert_eq!("http://example.org/a.png".parse::<WebAddress>(), Err(BadArg::Address));
    assert_eq!("@Boss".parse::<AliasName>().unwrap().as_str(), "Boss");
}
