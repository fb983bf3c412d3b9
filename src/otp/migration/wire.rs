//! As much of protocol buffers as an export needs: the fields of one message, in their order.

/// The value of a field, by the wire types that an export has.
#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Four or eight bytes, of a field that only a later version can have.
    Fixed,
}

/// Bytes that are no message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Garbled;

/// The fields of a message: their numbers and values. It ends after the first that is garbled.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn field(&mut self) -> Result<(u64, Value<'a>), Garbled> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| Garbled)?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            // Groups, which nobody has written for many years.
            _ => return Err(Garbled),
        };
        match tag >> 3 {
            0 => Err(Garbled),
            number => Ok((number, value)),
        }
    }

    /// Reads seven bits a byte, the lowest first; the last byte is the one below 128.
    fn varint(&mut self) -> Result<u64, Garbled> {
        let mut number = 0_u64;
        for place in 0..10 {
            let [byte] = *self.take(1)? else { return Err(Garbled) };
            let bits = u64::from(byte & 0x7f);
            if place == 9 && bits > 1 {
                return Err(Garbled);
            }
            number |= bits << (7 * place);
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Garbled)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Garbled> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Garbled)?;
        self.rest = rest;
        Ok(taken)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), Garbled>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}
