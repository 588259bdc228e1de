use super::*;

/// As proc(5) has it: state, parent, …, utime (14), stime (15), ….
fn line(name: &str, parent: u32, user: u32, system: u32) -> String {
    format!("42 ({name}) S {parent} 42 42 0 -1 4194560 9 8 7 6 {user} {system} 5 4 20 0 11 0 99")
}

fn seconds(pairs: &[(u32, u64)]) -> Usage {
    let of = |&(process, seconds)| (process, Duration::from_secs(seconds));
    Usage(pairs.iter().map(of).collect())
}

#[test]
fn a_name_with_spaces_and_parentheses_moves_no_field() {
    for name in ["node", "node (vm) 7 R 1", "a) S 1 2 (b", ""] {
        let expected = Stat {
            parent: 17,
            processor: Duration::from_millis(1230),
        };
        assert_eq!(stat(&line(name, 17, 100, 23)), Some(expected), "{name}");
    }
}

#[test]
fn a_line_that_is_cut_off_is_no_answer() {
    let whole = line("node", 17, 100, 23);
    let cut = whole.split(" 23 ").next().unwrap();
    assert_eq!(stat(cut), None);
    assert_eq!(stat("42 node S 17"), None);
    assert_eq!(stat(""), None);
}

#[test]
fn descendants_are_found_through_their_parents() {
    let process = |id: u32, parent: u32| {
        let processor = Duration::from_secs(id.into());
        (id, Stat { parent, processor })
    };
    // 10 started 5 and 12, 12 started 11; 20 is somebody else's.
    let family = [(10, 1), (5, 10), (12, 10), (11, 12), (20, 1)];
    let all = family.into_iter().map(|(id, parent)| process(id, parent));
    let found = below(10, &all.collect());
    assert_eq!(found, seconds(&[(5, 5), (11, 11), (12, 12)]));
    assert_eq!(found.processes(), 3);
}

#[test]
fn what_is_used_is_the_difference_and_all_of_a_new_process() {
    let earlier = seconds(&[(1, 10), (2, 20)]);
    let later = seconds(&[(1, 11), (2, 25), (3, 4)]);
    assert_eq!(later.since(&earlier).unwrap(), Duration::from_secs(10));
    assert_eq!(earlier.since(&earlier).unwrap(), Duration::ZERO);
    let error = seconds(&[(1, 12)]).since(&earlier).unwrap_err();
    assert_eq!(error.to_string(), "process 2 ended while it was measured");
}

#[test]
fn resident_memory_is_read_in_bytes() {
    let status = "Name:\tnode\nVmPeak:\t 900 kB\nVmRSS:\t   1024 kB\nThreads:\t3\n";
    assert_eq!(resident(status), Some(1024 * 1024));
    assert_eq!(resident("VmRSS:\t7 MB\n"), None);
    assert_eq!(resident("Name:\tkthreadd\n"), None);
}

#[test]
fn this_process_and_its_child_are_seen() {
    let own = std::process::id();
    assert!(resident_memory(own).unwrap() > 100_000);
    let mut child = std::process::Command::new("cat")
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let seen = Usage::of_descendants(own).unwrap();
    assert!(seen.0.contains_key(&child.id()), "{seen:?}");
    drop(child.stdin.take());
    child.wait().unwrap();
    let after = Usage::of_descendants(own).unwrap();
    assert!(!after.0.contains_key(&child.id()), "{after:?}");
}

#[test]
fn one_process_counts_alone() {
    let own = std::process::id();
    let usage = Usage::of(own).unwrap();
    assert_eq!(usage.0.keys().collect::<Vec<_>>(), [&own]);
    // No process has this id: they start at 1.
    let nobody = Usage::of(0).unwrap_err();
    assert!(matches!(nobody, ProcessesError::Ended(0)));
}
