// Puts together Wasm whose code comes in columns, so that it packs better (crates/xtask/src/parts/columns.rs says what the
// columns are, and why).

/** The letters `cols`, as a number. */
const MARK = 0x736c6f63;

const enum Column {
  Operation,
  Local,
  Number,
  Slot,
  Address,
  Offset,
  Alignment,
  Call,
  Branch,
  Block,
  Declaration,
  Wide,
  Indirect,
  Rest,
  Element,
  Count,
}

/** How many sequences of functions take turns in a table. */
const SEQUENCES = 8;

/** The natural alignment of the loads and stores from 0x28 on. */
const NATURAL = "23230011001122232301012";

/** The module in `packed`; what is not in columns is given back as it is. */
export function together(packed: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const head = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  if (head.getUint32(0, true) !== MARK) return packed;
  const size = (index: number): number => head.getUint32(4 + 4 * index, true);
  /** Lengths: what stands before the element section, that, what stands between it and the code, and the code. */
  const [before, elements, between, code] = [size(0), size(1), size(2), size(3)];
  let from = 4 + 4 * (4 + Column.Count);
  const start = from;
  from += before + between;
  /** Where each column is read. */
  const at: number[] = [];
  for (let column = 0; column < Column.Count; column++) {
    at.push(from);
    from += size(4 + column);
  }
  const end = at[Column.Operation]! + size(4 + Column.Operation);
  const all = before + elements + between + code + packed.length - from;
  // A byte more: the length of a small function takes one byte less than is left for it at first.
  const out = new Uint8Array(all + 1);
  out.set(packed.subarray(start, start + before));
  out.set(packed.subarray(start + before, start + before + between), before + elements);
  out.set(packed.subarray(from), before + elements + between + code);
  let to = before;

  /** Copies a byte. */
  const byte = (column: Column): number => (out[to++] = packed[at[column]!++]!);
  /** Copies a number in LEB128; gives its lowest seven bits, which are all of a small one. */
  const number = (column: Column): number => {
    const low = byte(column) & 127;
    if (out[to - 1]! > 127) while (byte(column) > 127);
    return low;
  };
  /** Copies the bytes of a count that may be long. */
  const count = (column: Column): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const next = byte(column);
      value |= (next & 127) << shift;
      if (next < 128) return value;
    }
  };

  /** Writes a number in LEB128. */
  const write = (value: number, signed: boolean): void => {
    const last = signed ? 64 : 128;
    while (value >= last) {
      out[to++] = (value & 127) | 128;
      value >>= 7;
    }
    out[to++] = value;
  };

  if (elements > 0) {
    const last: number[] = [];
    let begun = 0;
    for (let segments = count(Column.Element); segments > 0; segments--) {
      const kind = byte(Column.Element);
      if (kind === 2) number(Column.Element);
      // Where it begins: `i32.const`, its number, `end`; and for a table that is named, what it holds.
      for (let words = (kind >> 1) + 2; words > 0; words--) if (byte(Column.Element) === 0x41) number(Column.Element);
      for (let functions = count(Column.Element); functions > 0; functions--) {
        let sequence = packed[at[Column.Element]!++]!;
        if (sequence === SEQUENCES) {
          sequence = begun++ % SEQUENCES;
          last[sequence] = count(Column.Element);
        } else {
          write(++last[sequence]!, false);
        }
      }
    }
  }
  to += between;

  /** The slot before. */
  let slot = 0;
  while (at[Column.Operation]! < end) {
    // The length of a function is known at its end; most take two bytes to write.
    const size = to;
    to += 2;
    const body = to;
    for (let groups = count(Column.Declaration); groups > 0; groups--) {
      number(Column.Declaration);
      byte(Column.Declaration);
    }
    for (let depth = 1, alignment = -1; depth > 0; ) {
      const op = packed[at[Column.Operation]!++]!;
      if (op === 0x1e) {
        alignment = packed[at[Column.Alignment]!++]!;
        continue;
      }
      if (op === 0x1d) {
        // A constant of three bytes: four of LEB128.
        const place = at[Column.Address]!;
        const value = packed[place]! | (packed[place + 1]! << 8) | (packed[place + 2]! << 16);
        at[Column.Address] = place + 3;
        out[to++] = 0x41;
        for (let shift = 0; shift < 21; shift += 7) out[to++] = ((value >> shift) & 127) | 128;
        out[to++] = value >> 21;
        continue;
      }
      if (op === 0x16 || op === 0x17) {
        // The slot after the one before, or so far from it.
        let step = 1;
        if (op === 0x17) {
          const place = at[Column.Slot]!;
          step = ((packed[place]! | (packed[place + 1]! << 8)) << 16) >> 16;
          at[Column.Slot] = place + 2;
        }
        slot += step;
        out[to++] = 0x41;
        write(slot, true);
        continue;
      }
      out[to++] = op;
      if (op >= 0x45 && op <= 0xc4) continue;
      if (op >= 0x28 && op <= 0x3e) {
        out[to++] = alignment < 0 ? Number(NATURAL[op - 0x28]) : alignment;
        alignment = -1;
        number(Column.Offset);
        continue;
      }
      switch (op) {
        case 0x20:
        case 0x21:
        case 0x22:
          number(Column.Local);
          break;
        case 0x41:
          number(Column.Number);
          break;
        case 0x0b:
          depth--;
          break;
        case 0x02:
        case 0x03:
        case 0x04:
          number(Column.Block);
          depth++;
          break;
        case 0x0c:
        case 0x0d:
          number(Column.Branch);
          break;
        case 0x0e:
          for (let targets = count(Column.Branch); targets >= 0; targets--) number(Column.Branch);
          break;
        case 0x10:
          number(Column.Call);
          break;
        case 0x11:
          number(Column.Indirect);
          number(Column.Indirect);
          break;
        case 0x23:
        case 0x24:
        case 0x25:
        case 0x26:
          number(Column.Rest);
          break;
        case 0x42:
          number(Column.Wide);
          break;
        case 0x00:
        case 0x01:
        case 0x05:
        case 0x0f:
        case 0x1a:
        case 0x1b:
          break;
        default:
          for (let rest = packed[at[Column.Rest]!++]!; rest > 0; rest--) byte(Column.Rest);
      }
    }
    let length = to - body;
    // As many bytes as the length takes.
    const extra = (length < 128 ? 1 : length < 16_384 ? 2 : length < 2_097_152 ? 3 : 4) - 2;
    if (extra !== 0) {
      out.copyWithin(body + extra, body, to);
      to += extra;
    }
    for (let place = size; ; ) {
      out[place++] = (length & 127) | (length > 127 ? 128 : 0);
      length >>= 7;
      if (length === 0) break;
    }
  }
  return out.subarray(0, all);
}
