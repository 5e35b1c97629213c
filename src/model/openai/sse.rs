//! Reads server-sent events from bytes as they arrive, in bounded memory.
//!
//! Knows nothing of models. Lenient where providers are: any line ending, a byte order mark, comments, a bare JSON
//! line without `data:`.

/// Longest line, and longest event, that is read. Ordinary chunks are below 1 KiB.
pub const MAX_EVENT_BYTES: usize = 256 * 1024;

/// An event or line was over [`MAX_EVENT_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// Splits a byte stream into the data of its events.
#[derive(Debug, Default)]
pub struct Reader {
    line: Vec<u8>,
    data: Vec<u8>,
    id: Vec<u8>,
    last_id: Vec<u8>,
    has_data: bool,
    after_cr: bool,
    any_line: bool,
}

impl Reader {
    /// Takes the next bytes and gives the data of every event that is now complete, in order.
    ///
    /// An event that repeats the non-empty `id:` of the one before it is a retransmission and is left out.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, TooLong> {
        let mut events = Vec::new();
        let mut rest = bytes;
        if self.after_cr && !rest.is_empty() {
            self.after_cr = false;
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            self.extend(&rest[..end])?;
            let was_cr = rest[end] == b'\r';
            rest = &rest[end + 1..];
            if was_cr {
                if rest.is_empty() {
                    self.after_cr = true;
                } else {
                    rest = rest.strip_prefix(b"\n").unwrap_or(rest);
                }
            }
            let line = std::mem::take(&mut self.line);
            self.end_line(&line, &mut events)?;
            // Keep the allocation for the next line.
            self.line = line;
            self.line.clear();
        }
        self.extend(rest)?;
        Ok(events)
    }

    /// The data of an event that the end of the stream cut off before its blank line.
    pub fn finish(&mut self) -> Option<Vec<u8>> {
        let line = std::mem::take(&mut self.line);
        let mut events = Vec::new();
        if self.end_line(&line, &mut events).is_err() {
            return None;
        }
        events.pop().or_else(|| self.dispatch())
    }

    fn extend(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if self.line.len() + bytes.len() > MAX_EVENT_BYTES {
            return Err(TooLong);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self, line: &[u8], events: &mut Vec<Vec<u8>>) -> Result<(), TooLong> {
        let line = if self.any_line { line } else { line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line) };
        self.any_line = true;
        if line.is_empty() {
            events.extend(self.dispatch());
            return Ok(());
        }
        if line.starts_with(b"{") {
            // Some gateways put a bare error object between the events.
            events.extend(self.dispatch());
            events.push(line.to_vec());
            return Ok(());
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &[][..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                if self.data.len() + value.len() > MAX_EVENT_BYTES {
                    return Err(TooLong);
                }
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value);
                self.has_data = true;
            }
            b"id" => self.id = value.to_vec(),
            _ => {}
        }
        Ok(())
    }

    fn dispatch(&mut self) -> Option<Vec<u8>> {
        let id = std::mem::take(&mut self.id);
        let repeated = !id.is_empty() && id == self.last_id;
        if !id.is_empty() {
            self.last_id = id;
        }
        let has_data = std::mem::take(&mut self.has_data);
        let data = std::mem::take(&mut self.data);
        (has_data && !repeated).then_some(data)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(chunks: &[&[u8]]) -> Vec<String> {
        let mut reader = Reader::default();
        let mut all: Vec<Vec<u8>> = Vec::new();
        for chunk in chunks {
            all.extend(reader.push(chunk).unwrap());
        }
        all.extend(reader.finish());
        all.into_iter().map(|event| String::from_utf8(event).unwrap()).collect()
    }

    #[test]
    fn events_end_at_blank_lines_whatever_the_line_ending() {
        for text in ["data: a\n\ndata: b\n\n", "data: a\r\n\r\ndata: b\r\n\r\n", "data:a\r\rdata:b\r\r"] {
            assert_eq!(read(&[text.as_bytes()]), ["a", "b"], "{text:?}");
        }
    }

    #[test]
    fn comments_and_unknown_fields_say_nothing() {
        assert_eq!(read(&[b": keep-alive\n\nevent: x\nretry: 5\nnonsense\n\ndata: a\n\n"]), ["a"]);
    }

    #[test]
    fn several_data_lines_are_one_event() {
        assert_eq!(read(&[b"data: a\ndata: b\n\n"]), ["a\nb"]);
    }

    #[test]
    fn a_repeated_event_id_is_a_retransmission() {
        assert_eq!(
            read(&[b"id: 1\ndata: a\n\nid: 1\ndata: a\n\nid: 2\ndata: a\n\ndata: a\n\ndata: a\n\n"]),
            ["a", "a", "a", "a"]
        );
    }

    #[test]
    fn a_bare_object_is_an_event() {
        assert_eq!(read(&[b"data: a\n\n{\"error\":1}\ndata: b\n\n"]), ["a", "{\"error\":1}", "b"]);
    }

    #[test]
    fn an_event_without_its_blank_line_is_given_at_the_end() {
        assert_eq!(read(&[b"data: a\n\ndata: b"]), ["a", "b"]);
    }

    #[test]
    fn a_line_over_the_limit_is_refused_before_it_is_kept() {
        let mut reader = Reader::default();
        let piece = vec![b'x'; 100_000];
        assert!(reader.push(b"data: ").is_ok());
        assert!(reader.push(&piece).is_ok());
        assert!(reader.push(&piece).is_ok());
        assert_eq!(reader.push(&piece), Err(TooLong));
        let mut reader = Reader::default();
        let line = [b"data: ".as_slice(), &piece, b"\n"].concat();
        assert!(reader.push(&line).is_ok());
        assert!(reader.push(&line).is_ok());
        assert_eq!(reader.push(&line), Err(TooLong));
    }

    proptest! {
        #[test]
        fn where_the_bytes_are_split_makes_no_difference(
            text in "((data: |: |id: |\\{)?[a-zä\u{1F600}]{0,3}(\r\n|\n|\r|)){0,12}",
            cut in 0usize..80,
        ) {
            let bytes = text.as_bytes();
            let cut = cut.min(bytes.len());
            let whole = read_lossy(&[bytes]);
            prop_assert_eq!(&whole, &read_lossy(&[&bytes[..cut], &bytes[cut..]]));
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            prop_assert_eq!(&whole, &read_lossy(&single));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            read_lossy(&[&bytes]);
        }
    }

    fn read_lossy(chunks: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut reader = Reader::default();
        let mut all: Vec<Vec<u8>> = chunks.iter().flat_map(|chunk| reader.push(chunk).unwrap()).collect();
        all.extend(reader.finish());
        all
    }
}
