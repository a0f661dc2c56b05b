//! Which source wins, and what is said of a bad one.

use connector_model::config::Schema;

use super::*;
use crate::{Program, command, flags};

fn own() -> Schema {
    Schema::builder("Team")
        .field(Field::string("url").default_value("default"))
        .field(Field::string("token").secret())
        .field(Field::int("page-size").default_value(1))
        .field(Field::bool("fast"))
        .field(Field::string_slice("only"))
        .field(Field::string_map("tags"))
        .build()
        .expect("a schema")
}

struct Case {
    arguments: Vec<&'static str>,
    environment: Environment,
    file: Option<&'static str>,
}

impl Case {
    fn new<const N: usize>(
        arguments: &[&'static str],
        environment: [(&str, &str); N],
        file: Option<&'static str>,
    ) -> Self {
        Self { arguments: arguments.to_vec(), environment: environment.into(), file }
    }

    fn load(&self) -> Result<Loaded> {
        let folder = tempfile::tempdir().expect("a folder");
        if let Some(text) = self.file {
            std::fs::write(folder.path().join(".baton.yaml"), text).expect("a file");
        }
        load_in(folder.path(), &self.arguments, &self.environment)
    }
}

fn load_in(folder: &Path, arguments: &[&str], environment: &Environment) -> Result<Loaded> {
    let program = Program::new(
        "baton-team",
        "0.1.0",
        || Ok(own()),
        |_, _| async { Err(Error::internal("not made here")) },
        || Err(Error::internal("not made here")),
    );
    let flags = flags::all();
    let schema = own().behind(flags.iter().map(|f| f.field.clone()).collect(), flags::constraints())?;
    let matches = command::build(&program, &own(), &flags)
        .try_get_matches_from(std::iter::once(&"baton-team").chain(arguments))
        .expect("a command line");
    load(&schema, &matches, environment, folder)
}

fn sentence(case: &Case) -> String {
    let error = case.load().expect_err("an error");
    assert_eq!(error.kind().code(), 2, "{error}");
    error.to_string()
}

#[test]
fn flag_before_variable_before_file_before_default() -> Result<()> {
    let flag: &[&str] = &["--url", "flag"];
    let variable = [("BATON_URL", "variable")];
    let file = Some("url: file");
    let empty = [("BATON_URL", "")];
    let table = [
        (Case::new(&[], [], None), "default"),
        (Case::new(&[], [], file), "file"),
        (Case::new(&[], variable, None), "variable"),
        (Case::new(&[], variable, file), "variable"),
        (Case::new(flag, [], None), "flag"),
        (Case::new(flag, [], file), "flag"),
        (Case::new(flag, variable, None), "flag"),
        (Case::new(flag, variable, file), "flag"),
        (Case::new(&[], empty, file), "file"),
        (Case::new(&[], empty, None), "default"),
        (Case::new(&["--url", ""], variable, file), ""),
        (Case::new(&["--url", "first", "--url=last"], [], None), "last"),
    ];
    for (case, expected) in table {
        assert_eq!(case.load()?.config.string("url")?, expected, "{:?} {:?}", case.arguments, case.file);
    }
    Ok(())
}

#[test]
fn every_kind_reads_alike_from_every_source() -> Result<()> {
    let file = "page-size: 7\nfast: true\nonly: [a, 'b,c']\ntags: {k: v, l: w=x}\n";
    let one_line = "page-size: '7'\nfast: 'true'\nonly: 'a,\"b,c\"'\ntags: k=v,l=w=x\n";
    let cases = [
        Case::new(&[], [], Some(file)),
        Case::new(&[], [], Some(one_line)),
        Case::new(
            &[],
            [
                ("BATON_PAGE_SIZE", "7"),
                ("BATON_FAST", "1"),
                ("BATON_ONLY", "a,\"b,c\""),
                ("BATON_TAGS", "k=v,l=w=x"),
            ],
            None,
        ),
        Case::new(
            &[
                "--page-size",
                "7",
                "--fast",
                "--only",
                "a",
                "--only",
                "\"b,c\"",
                "--tags",
                "k=v",
                "--tags=l=w=x",
            ],
            [],
            None,
        ),
    ];
    for case in cases {
        let config = case.load()?.config;
        assert_eq!(config.int("page-size")?, 7);
        assert!(config.bool("fast")?);
        assert_eq!(config.list("only")?, ["a", "b,c"]);
        let tags: Vec<_> = config.map("tags")?.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(tags, [("k", "v"), ("l", "w=x")]);
    }
    Ok(())
}

#[test]
fn the_command_line_takes_what_pflag_takes() -> Result<()> {
    let config = Case::new(&["--url", "-starts-with-a-dash", "--page-size", "-3", "--fast=false"], [], None)
        .load()?
        .config;
    assert_eq!(config.string("url")?, "-starts-with-a-dash");
    assert_eq!(config.int("page-size")?, -3);
    assert!(!config.bool("fast")?);
    Ok(())
}

#[test]
fn text_of_the_file_stays_as_it_is_written_and_keys_are_of_any_case() -> Result<()> {
    let config = Case::new(&[], [], Some("URL: 3.20\nPage-Size: 12\nonly: [1.10, yes]\n")).load()?.config;
    assert_eq!(config.string("url")?, "3.20");
    assert_eq!(config.int("page-size")?, 12);
    assert_eq!(config.list("only")?, ["1.10", "yes"]);
    Ok(())
}

#[test]
fn a_file_without_values_gives_none() -> Result<()> {
    for file in ["", "# nothing\n", "url:\n", "url: ''\n", "url: ~\nonly:\n", "{}"] {
        let config = Case::new(&[], [], Some(file)).load()?.config;
        assert_eq!(config.string("url")?, "default", "{file:?}");
    }
    Ok(())
}

#[test]
fn unknown_keys_are_said_once() -> Result<()> {
    let loaded = Case::new(&[], [], Some("url: u\nulr: v\nnested: {a: [1]}\n")).load()?;
    let [warning] = &loaded.warnings[..] else { panic!("{:?}", loaded.warnings) };
    assert!(warning.ends_with("has keys that mean nothing here: ulr, nested"), "{warning}");
    Ok(())
}

#[test]
fn a_broken_file_is_said_without_its_secrets() {
    for (file, part) in [
        ("token: hunter2\nurl: [", "line 2"),
        ("token: hunter2\n  url: x", "line"),
        ("- hunter2", "not a YAML map"),
        ("hunter2", "not a YAML map"),
        ("url: {a: hunter2}", "line 1"),
        ("page-size: [hunter2]", "line 1"),
        ("tags: {a: [hunter2]}", "line 1"),
        ("url: hunter2\nurl: hunter2", "twice"),
        ("url: hunter2\nURL: hunter2", "twice"),
        ("token: \"hunter2\nurl: x", "line"),
        ("token: *hunter2", "line 1"),
    ] {
        let text = sentence(&Case::new(&[], [], Some(file)));
        assert!(text.contains(".baton.yaml: it does not parse: "), "{file:?}: {text}");
        assert!(text.contains(part), "{file:?}: {text}");
        assert!(!text.contains("hunter2"), "{file:?}: {text}");
    }
}

#[test]
fn values_of_the_wrong_type_are_said_with_their_place() {
    let table = [
        (
            Case::new(&[], [("BATON_PAGE_SIZE", "many")], None),
            "the variable BATON_PAGE_SIZE: it must be a whole number",
        ),
        (
            Case::new(&[], [("BATON_FAST", "maybe")], None),
            "the variable BATON_FAST: it must be true or false",
        ),
        (Case::new(&["--page-size=x"], [], None), "the flag --page-size: it must be a whole number"),
        (Case::new(&[], [], Some("page-size: many")), "page-size in "),
        (Case::new(&[], [("BATON_TASK_CONCURRENCY", "101")], None), "must be at most 100, and is 101"),
        (Case::new(&["--http-timeout-seconds=0"], [], None), "must be at least 1, and is 0"),
        (Case::new(&["--http-timeout-seconds=1801"], [], None), "must be at most 1800, and is 1801"),
        (
            Case::new(&["--storage-engine=rocks"], [], None),
            "must be one of [\"sqlite\", \"pebble\"], and is \"rocks\"",
        ),
    ];
    for (case, part) in table {
        let text = sentence(&case);
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn flags_that_belong_together_or_apart_are_said() {
    let table: [(&[&'static str], &str); 7] = [
        (&["--grant-entitlement=e"], "missing: (\"grant-principal\")"),
        (&["--client-secret=s"], "missing: (\"client-id\")"),
        (
            &["--diff-syncs", "--base-sync-id=b"],
            "(\"diff-syncs\", \"base-sync-id\" and \"applied-sync-id\"); missing: (\"applied-sync-id\")",
        ),
        (&["--revoke-grant=g", "--event-feed=true"], "set: (\"revoke-grant\" and \"event-feed\")"),
        (&["--external-resource-traits=app"], "can only be set together with (\"external-resource-c1z\")"),
        (&["--skip-grants"], "(\"skip-grants\") can only be set together with (\"sync-resources\")"),
        (
            &["--health-check-port=1"],
            "(\"health-check-port\") can only be set together with (\"health-check\")",
        ),
    ];
    for (arguments, part) in table {
        let text = sentence(&Case::new(arguments, [], None));
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn the_path_of_the_file_comes_from_its_variable() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let env = |path: &str| Environment::from([("BATON_CONFIG_PATH", path)]);
    std::fs::write(at("mine.yml"), "url: mine").expect("a file");
    std::fs::write(at("mine.toml"), "url = 'mine'").expect("a file");
    std::fs::write(at(".baton.yaml"), "url: found").expect("a file");

    let loaded = load_in(folder.path(), &[], &env(&at("mine.yml")))?;
    assert_eq!(loaded.config.string("url")?, "mine");
    assert_eq!(load_in(folder.path(), &[], &Environment::default())?.config.string("url")?, "found");
    let error = load_in(folder.path(), &[], &env(&at("gone.yaml"))).expect_err("a missing file");
    assert!(error.to_string().ends_with("gone.yaml: it can't be read"), "{error}");
    let error = load_in(folder.path(), &[], &env(&at("mine.toml"))).expect_err("a wrong ending");
    assert!(error.to_string().contains("must name a .yaml or .yml file"), "{error}");
    Ok(())
}

#[test]
fn the_working_folder_must_be_there() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path().display().to_string();
    let config = |arguments: &[&'static str]| Case::new(arguments, [], None).load().map(|l| l.config);
    let env = |path: &str| Environment::from([("BATON_TMPDIR", path)]);

    assert_eq!(temp_dir(&config(&[])?, &Environment::default())?, None);
    assert_eq!(temp_dir(&config(&[])?, &env(&here))?.as_deref(), Some(folder.path()));
    let error = temp_dir(&config(&["--c1z-temp-dir=/not/there"])?, &env(&here)).expect_err("no folder");
    assert!(error.to_string().contains("the flag --c1z-temp-dir must name a folder"), "{error}");
    let error = temp_dir(&config(&[])?, &env("/not/there")).expect_err("no folder");
    assert!(error.to_string().contains("the variable BATON_TMPDIR must name a folder"), "{error}");
    Ok(())
}

#[test]
fn how_many_syncs_are_kept() -> Result<()> {
    assert_eq!(keep_syncs(&Environment::default())?, Retention::Newest(2));
    assert_eq!(keep_syncs(&[("BATON_KEEP_SYNC_COUNT", "5")].into())?, Retention::Newest(5));
    assert_eq!(
        keep_syncs(&[("BATON_KEEP_SYNC_COUNT", "5"), ("BATON_SKIP_CLEANUP", "true")].into())?,
        Retention::All
    );
    for bad in [("BATON_KEEP_SYNC_COUNT", "0"), ("BATON_KEEP_SYNC_COUNT", "x"), ("BATON_SKIP_CLEANUP", "x")] {
        let error = keep_syncs(&[bad].into()).expect_err("a bad variable");
        assert!(error.to_string().contains(bad.0), "{error}");
    }
    Ok(())
}
