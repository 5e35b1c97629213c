//! A PostgreSQL of a test's own, which it may bring down.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::SOON;

/// The server; it ends with the test.
pub struct Server {
    programs: PathBuf,
    folder: tempfile::TempDir,
    port: u16,
    running: Option<Child>,
}

/// Debian keeps the server's programs out of PATH; others do not.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    #[expect(clippy::disallowed_methods, reason = "where programs are, not a setting")]
    let path = std::env::var("PATH").unwrap_or_default();
    folders.extend(std::env::split_paths(&path));
    let found = folders.into_iter().find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists());
    found.expect("PostgreSQL's server programs are installed, as for ./test")
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("every system has it").stdout;
    id.starts_with(b"0\n")
}

impl Server {
    /// A program of PostgreSQL's; it refuses to run as root.
    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        // What is started here may not be able to look into the folder of the test.
        command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Makes a server and starts it.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        if is_root() {
            let given = Command::new("chown").arg("postgres").arg(folder.path()).status().unwrap();
            assert!(given.success());
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = Self { programs: programs(), folder, port, running: None };
        let mut made = server.command("initdb");
        let made =
            made.arg("-D").arg(server.data()).args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]);
        assert!(made.status().unwrap().success(), "initdb works");
        server.start_again();
        server
    }

    /// Address of the database that the server begins with.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts it on the data and the port that it had.
    pub fn start_again(&mut self) {
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data()).arg("-p").arg(self.port.to_string());
        for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=40"] {
            command.arg("-c").arg(setting);
        }
        self.running = Some(command.spawn().unwrap());
        let began = Instant::now();
        while !answers(self.port) {
            assert!(began.elapsed() < SOON, "PostgreSQL does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it as `pg_ctl stop -m immediate` does: no goodbye, no checkpoint.
    pub fn falls(&mut self) {
        let mut running = self.running.take().expect("it runs");
        let pid = std::fs::read_to_string(Path::new(&self.data()).join("postmaster.pid")).unwrap();
        let pid = pid.lines().next().unwrap().to_owned();
        assert!(Command::new("kill").args(["-QUIT", &pid]).status().unwrap().success());
        running.wait().unwrap();
    }
}

/// Whether the server takes connections: it answers a start of a session with anything but "starting up".
fn answers(port: u16) -> bool {
    use std::io::Read as _;

    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    let parameters = b"user\0postgres\0database\0postgres\0\0";
    let length = u32::try_from(8 + parameters.len()).unwrap();
    let hello = [&length.to_be_bytes()[..], &196_608_u32.to_be_bytes(), parameters].concat();
    let mut first = [0];
    // `R`: it asks who we are; `E`: an error, such as that it is starting up.
    stream.write_all(&hello).is_ok() && stream.read_exact(&mut first).is_ok() && first == *b"R"
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.running.is_some() && self.data().join("postmaster.pid").exists() {
            self.falls();
        }
    }
}
