//! Which name is used.

use rand::distr::{Alphanumeric, SampleString as _};
use wschat_protocol::limits::{BadUserId, USER_ID_CHARACTERS, check_user_id, is_printable};

/// The chosen name, or one made of the operating system's.
pub(crate) fn choose(
    chosen: Option<&str>,
    system: Option<&str>,
    ending: Option<&str>,
) -> Result<String, BadUserId> {
    if let Some(name) = chosen {
        check_user_id(name)?;
        return Ok(name.to_owned());
    }
    let plain: String = system
        .unwrap_or_default()
        .chars()
        .filter(|character| is_printable(*character))
        .take(USER_ID_CHARACTERS / 2)
        .collect();
    let name = match (plain.trim(), ending) {
        ("", None) => format!("guest-{}", some()),
        ("", Some(ending)) => format!("guest-{ending}-{}", some()),
        (name, None) => name.to_owned(),
        (name, Some(ending)) => format!("{name}-{ending}-{}", some()),
    };
    check_user_id(&name)?;
    Ok(name)
}

/// The operating system's name for the user.
pub(crate) fn system() -> Option<String> {
    ["USER", "LOGNAME"]
        .into_iter()
        .filter_map(|variable| std::env::var(variable).ok())
        .find(|name| !name.is_empty())
        .or_else(|| {
            // Containers often leave the variables out.
            let users = std::fs::read_to_string("/etc/passwd").ok()?;
            by_number(&users, rustix::process::getuid().as_raw())
        })
}

/// A user's name in the form of `passwd(5)`: `name:password:number:…`.
fn by_number(users: &str, number: u32) -> Option<String> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        let its_number: u32 = fields.nth(1)?.parse().ok()?;
        (its_number == number).then(|| name.to_owned())
    })
}

fn some() -> String {
    Alphanumeric
        .sample_string(&mut rand::rng(), 4)
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chosen_name_is_taken_or_refused() {
        assert_eq!(
            choose(Some("alice"), Some("root"), None).as_deref(),
            Ok("alice")
        );
        assert_eq!(
            choose(Some("alice"), None, Some("tail")).as_deref(),
            Ok("alice")
        );
        assert!(choose(Some("al\u{1b}ice"), None, None).is_err());
    }

    #[test]
    fn users_have_numbers() {
        let users = "root:x:0:0:root:/root:/bin/sh\nbroken\nann:x:1000:1000::/home/ann:\n";
        assert_eq!(by_number(users, 1000).as_deref(), Some("ann"));
        assert_eq!(by_number(users, 7), None);
    }

    #[test]
    fn else_the_system_knows_a_name() {
        assert_eq!(choose(None, Some("r\u{7}oot"), None).as_deref(), Ok("root"));
        let tail = choose(None, Some("root"), Some("tail")).expect("a name");
        assert!(tail.starts_with("root-tail-"), "{tail}");
        let guest = choose(None, None, None).expect("a name");
        assert!(guest.starts_with("guest-"), "{guest}");
    }
}
