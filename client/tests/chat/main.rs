//! The real client against a server in this process.

#[cfg(test)]
mod cluster;
#[cfg(test)]
mod editor;
#[cfg(test)]
mod link;
#[cfg(test)]
mod pipe;
#[cfg(test)]
mod support;
#[cfg(test)]
mod terminal;
#[cfg(test)]
mod tls;
