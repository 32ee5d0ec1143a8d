/** What the records of an entry tell (APPNOTE.TXT 6.3.9, the ZIP specification). Contents are stored as they are. */
export interface ZipEntry {
  /** Relative, with `/` between folders. */
  name: string
  sizeBytes: number
  modifiedAtMs: number
}

/** An entry whose place is known, and its CRC-32 once its content was read. */
export interface PlacedEntry extends ZipEntry {
  offsetBytes: number
  crc: number
}

const most32 = 0xffffffff
const most16 = 0xffff

const versionPlain = 20
const versionZip64 = 45
const madeByUnix = (3 << 8) | versionZip64
const ordinaryFile = 0o100644 * 0x10000
// The CRC-32 follows the content, since it is not known before; names are UTF-8.
const flags = 0x0808

const timeExtraBytes = 9
const zip64LocalExtraBytes = 20
const zip64CentralExtraBytes = 28

export function localHeaderOf({ name, sizeBytes, modifiedAtMs }: ZipEntry): Buffer {
  const large = isLarge(sizeBytes)
  const nameBytes = Buffer.from(name)
  const record = new Record(
    30 + nameBytes.length + timeExtraBytes + (large ? zip64LocalExtraBytes : 0),
  )
  record
    .u32(0x04034b50)
    .u16(large ? versionZip64 : versionPlain)
    .u16(flags)
    .u16(0)
  record.dosTime(modifiedAtMs).u32(0)
  const size = large ? most32 : 0
  record.u32(size).u32(size).u16(nameBytes.length)
  record.u16(timeExtraBytes + (large ? zip64LocalExtraBytes : 0)).bytes(nameBytes)
  record.timeExtra(modifiedAtMs)
  // Says that the sizes after the content have 8 bytes.
  if (large) record.u16(1).u16(16).u64(0).u64(0)
  return record.buffer
}

export function descriptorOf({ sizeBytes, crc }: PlacedEntry): Buffer {
  const record = new Record(descriptorBytes(sizeBytes))
  record.u32(0x08074b50).u32(crc)
  if (isLarge(sizeBytes)) record.u64(sizeBytes).u64(sizeBytes)
  else record.u32(sizeBytes).u32(sizeBytes)
  return record.buffer
}

export function centralHeaderOf(entry: PlacedEntry): Buffer {
  const { name, sizeBytes, modifiedAtMs, offsetBytes, crc } = entry
  const large = isLarge(sizeBytes) || isLarge(offsetBytes)
  const nameBytes = Buffer.from(name)
  const extraBytes = timeExtraBytes + (large ? zip64CentralExtraBytes : 0)
  const record = new Record(46 + nameBytes.length + extraBytes)
  record
    .u32(0x02014b50)
    .u16(madeByUnix)
    .u16(large ? versionZip64 : versionPlain)
    .u16(flags)
    .u16(0)
  record.dosTime(modifiedAtMs).u32(crc)
  const size = large ? most32 : sizeBytes
  record.u32(size).u32(size).u16(nameBytes.length).u16(extraBytes)
  record.u16(0).u16(0).u16(0).u32(ordinaryFile)
  record
    .u32(large ? most32 : offsetBytes)
    .bytes(nameBytes)
    .timeExtra(modifiedAtMs)
  if (large) record.u16(1).u16(24).u64(sizeBytes).u64(sizeBytes).u64(offsetBytes)
  return record.buffer
}

export interface CentralDirectory {
  entryCount: number
  offsetBytes: number
  sizeBytes: number
}

export function endOf(directory: CentralDirectory): Buffer {
  const { entryCount, offsetBytes, sizeBytes } = directory
  const record = new Record(endBytes(directory))
  if (needsZip64(directory)) {
    record.u32(0x06064b50).u64(44).u16(madeByUnix).u16(versionZip64).u32(0).u32(0)
    record.u64(entryCount).u64(entryCount).u64(sizeBytes).u64(offsetBytes)
    record
      .u32(0x07064b50)
      .u32(0)
      .u64(offsetBytes + sizeBytes)
      .u32(1)
  }
  const count = Math.min(entryCount, most16)
  record.u32(0x06054b50).u16(0).u16(0).u16(count).u16(count)
  record.u32(Math.min(sizeBytes, most32)).u32(Math.min(offsetBytes, most32)).u16(0)
  return record.buffer
}

export interface ZipLayout {
  placed: PlacedEntry[]
  directory: CentralDirectory
  /** Of the whole archive. */
  lengthBytes: number
}

/** Where everything lies: that follows from names and sizes. */
export function layOut(entries: readonly ZipEntry[]): ZipLayout {
  let offsetBytes = 0
  let sizeBytes = 0
  const placed = entries.map((entry) => {
    const { name, modifiedAtMs } = entry
    const place = { name, modifiedAtMs, sizeBytes: entry.sizeBytes, offsetBytes, crc: 0 }
    const nameBytes = Buffer.byteLength(name)
    const large = isLarge(entry.sizeBytes)
    sizeBytes += 46 + nameBytes + timeExtraBytes
    if (large || isLarge(offsetBytes)) sizeBytes += zip64CentralExtraBytes
    offsetBytes += 30 + nameBytes + timeExtraBytes + (large ? zip64LocalExtraBytes : 0)
    offsetBytes += entry.sizeBytes + descriptorBytes(entry.sizeBytes)
    return place
  })
  const directory = { entryCount: entries.length, offsetBytes, sizeBytes }
  return { placed, directory, lengthBytes: offsetBytes + sizeBytes + endBytes(directory) }
}

function descriptorBytes(sizeBytes: number): number {
  return isLarge(sizeBytes) ? 24 : 16
}

function endBytes(directory: CentralDirectory): number {
  return 22 + (needsZip64(directory) ? 56 + 20 : 0)
}

function needsZip64({ entryCount, offsetBytes, sizeBytes }: CentralDirectory): boolean {
  return entryCount >= most16 || isLarge(offsetBytes) || isLarge(sizeBytes)
}

function isLarge(bytes: number): boolean {
  return bytes >= most32
}

/** Fields one after another, least byte first. */
class Record {
  readonly buffer: Buffer
  private at = 0

  constructor(lengthBytes: number) {
    this.buffer = Buffer.alloc(lengthBytes)
  }

  u16(value: number): this {
    this.at = this.buffer.writeUInt16LE(value, this.at)
    return this
  }

  u32(value: number): this {
    this.at = this.buffer.writeUInt32LE(value, this.at)
    return this
  }

  u64(value: number): this {
    this.at = this.buffer.writeBigUInt64LE(BigInt(value), this.at)
    return this
  }

  bytes(value: Buffer): this {
    this.at += value.copy(this.buffer, this.at)
    return this
  }

  /** To two seconds, from 1980 to 2107, in UTC: the form has no zone. */
  dosTime(ms: number): this {
    const date = new Date(
      Math.min(Math.max(ms, Date.UTC(1980)), Date.UTC(2107, 11, 31, 23, 59, 58)),
    )
    const time =
      (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1)
    const month = (date.getUTCMonth() + 1) << 5
    return this.u16(time).u16(((date.getUTCFullYear() - 1980) << 9) | month | date.getUTCDate())
  }

  /** Info-ZIP's extended timestamp: seconds since 1970, which readers prefer to the time above. */
  timeExtra(ms: number): this {
    const seconds = Math.min(Math.max(Math.floor(ms / 1000), 0), 0x7fffffff)
    return this.u16(0x5455).u16(5).u8(1).u32(seconds)
  }

  private u8(value: number): this {
    this.at = this.buffer.writeUInt8(value, this.at)
    return this
  }
}
