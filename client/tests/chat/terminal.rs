//! The client in a terminal: a real one for the client, a picture for the test.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread;

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use tokio::sync::watch;

use crate::support::soon;

const ROWS: u16 = 24;
const COLUMNS: u16 = 60;

/// A terminal with the client in it.
pub(crate) struct Terminal {
    child: Child,
    keyboard: File,
    line: OwnedFd,
    picture: Arc<Mutex<vt100::Parser>>,
    changed: watch::Receiver<()>,
}

impl Terminal {
    pub(crate) fn start(args: &[&str], term: &str) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&master).expect("granted");
        unlockpt(&master).expect("unlocked");
        let name = ptsname(&master, Vec::new()).expect("a name");
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let line = open(name.as_c_str(), flags, Mode::empty()).expect("the other end");
        let size = Winsize {
            ws_row: ROWS,
            ws_col: COLUMNS,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&line, size).expect("sized");
        let end = || line.try_clone().expect("cloned");
        let child = Command::new(env!("CARGO_BIN_EXE_wschat"))
            .args(args)
            .env_clear()
            .env("USER", "alice")
            .env("TZ", "UTC")
            .env("TERM", term)
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .expect("the client starts");
        let picture = Arc::new(Mutex::new(vt100::Parser::default()));
        let keyboard = File::from(master);
        let screen = keyboard.try_clone().expect("cloned");
        let changed = watch_screen(screen, Arc::clone(&picture));
        Self {
            child,
            keyboard,
            line,
            picture,
            changed,
        }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("typed");
    }

    /// The lines on the screen, without the empty ones at the end.
    pub(crate) fn screen(&self) -> Vec<String> {
        let picture = self.picture.lock().expect("not poisoned");
        let contents = picture.screen().contents();
        contents
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect()
    }

    /// Waits until the last line is this one.
    pub(crate) async fn ends_with(&mut self, last: &str) {
        self.until(|lines| lines.last().is_some_and(|line| line == last))
            .await;
    }

    /// Waits until some line has this text.
    pub(crate) async fn shows(&mut self, text: &str) {
        self.until(|lines| lines.iter().any(|line| line.contains(text)))
            .await;
    }

    async fn until(&mut self, wish: impl Fn(&[String]) -> bool) {
        let waiting = async {
            while !wish(&self.screen()) {
                if self.changed.changed().await.is_err() {
                    // Nothing more comes.
                    return wish(&self.screen());
                }
            }
            true
        };
        let fulfilled = tokio::time::timeout(crate::support::PATIENCE, waiting).await;
        let lines = self.screen();
        assert_eq!(fulfilled, Ok(true), "the screen:\n{}", lines.join("\n"));
    }

    /// Whether the shell would find its terminal as it was.
    pub(crate) fn is_usual(&self) -> bool {
        let modes = tcgetattr(&self.line).expect("modes").local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }

    pub(crate) async fn end(&mut self) -> i32 {
        soon(async {
            loop {
                if let Some(status) = self.child.try_wait().expect("waited") {
                    return status.code().expect("a code");
                }
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        })
        .await
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn watch_screen(mut screen: File, picture: Arc<Mutex<vt100::Parser>>) -> watch::Receiver<()> {
    let (sender, receiver) = watch::channel(());
    thread::spawn(move || {
        *picture.lock().expect("not poisoned") = vt100::Parser::new(
            ROWS.try_into().expect("not zero"),
            COLUMNS.try_into().expect("not zero"),
            0,
        );
        let mut bytes = [0; 4096];
        // An error means that the other end is closed.
        while let Ok(count) = screen.read(&mut bytes) {
            if count == 0 {
                break;
            }
            picture
                .lock()
                .expect("not poisoned")
                .process(&bytes[..count]);
            sender.send_replace(());
        }
    });
    receiver
}
