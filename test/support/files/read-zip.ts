import { crc32 } from 'node:zlib'

export interface ZippedFile {
  name: string
  content: Buffer
  modifiedAtS: number
}

/**
 * Reads a zip of stored files as unpackers do: from the directory at its end, and against the headers before each file.
 * @throws {Error} where anything does not fit.
 */
export function readZip(zip: Buffer): ZippedFile[] {
  const endAt = zip.length - 22
  require32(zip, endAt, 0x06054b50)
  const count = zip.readUInt16LE(endAt + 10)
  const directoryAt = zip.readUInt32LE(endAt + 16)
  if (directoryAt + zip.readUInt32LE(endAt + 12) !== endAt) throw new Error('wrong directory')
  const files: ZippedFile[] = []
  let at = directoryAt
  for (let index = 0; index < count; index++) {
    require32(zip, at, 0x02014b50)
    const nameLength = zip.readUInt16LE(at + 28)
    files.push(fileAt(zip, at))
    at += 46 + nameLength + zip.readUInt16LE(at + 30)
  }
  if (at !== endAt) throw new Error('the directory has another length')
  return files
}

function fileAt(zip: Buffer, at: number): ZippedFile {
  const [crc, sizeBytes] = [zip.readUInt32LE(at + 16), zip.readUInt32LE(at + 24)]
  const nameLength = zip.readUInt16LE(at + 28)
  const name = zip.subarray(at + 46, at + 46 + nameLength)
  const localAt = zip.readUInt32LE(at + 42)
  require32(zip, localAt, 0x04034b50)
  const localName = zip.subarray(localAt + 30, localAt + 30 + zip.readUInt16LE(localAt + 26))
  if (!localName.equals(name)) throw new Error('two names for one file')
  const contentAt = localAt + 30 + localName.length + zip.readUInt16LE(localAt + 28)
  const content = zip.subarray(contentAt, contentAt + sizeBytes)
  if (crc32(content) !== crc) throw new Error(`${name.toString()} has another CRC-32`)
  require32(zip, contentAt + sizeBytes, 0x08074b50)
  if (zip.readUInt32LE(contentAt + sizeBytes + 4) !== crc) throw new Error('two CRC-32')
  if (zip.readUInt32LE(contentAt + sizeBytes + 12) !== sizeBytes) throw new Error('two sizes')
  // The extra field with the time comes first.
  const modifiedAtS = zip.readUInt32LE(at + 46 + nameLength + 5)
  return { name: name.toString(), content, modifiedAtS }
}

function require32(zip: Buffer, at: number, signature: number): void {
  if (zip.readUInt32LE(at) !== signature)
    throw new Error(`no signature ${signature.toString(16)} at byte ${at}`)
}
