import { crc32, deflateSync } from 'node:zlib'

/** A picture of 3 × 2 pixels. Whoever reads pictures takes no notice of the comment. */
export function pngOf(comment: string): Buffer {
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunkOf('IHDR', Buffer.from([0, 0, 0, 3, 0, 0, 0, 2, 8, 0, 0, 0, 0])),
    chunkOf('tEXt', Buffer.from(`Comment\0${comment}`)),
    chunkOf('IDAT', deflateSync(Buffer.alloc(2 * 4))),
    chunkOf('IEND', Buffer.alloc(0)),
  ])
}

function chunkOf(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), content])
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(content.length, 0)
  frame.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)])
}

/** Silence of one second: 8 bits, one channel. */
export function wavOf(samplesPerS: number): Buffer {
  const header = Buffer.alloc(44)
  header.write('RIFF', 0)
  header.writeUInt32LE(36 + samplesPerS, 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20)
  header.writeUInt16LE(1, 22)
  header.writeUInt32LE(samplesPerS, 24)
  header.writeUInt32LE(samplesPerS, 28)
  header.writeUInt16LE(1, 32)
  header.writeUInt16LE(8, 34)
  header.write('data', 36)
  header.writeUInt32LE(samplesPerS, 40)
  return Buffer.concat([header, Buffer.alloc(samplesPerS, 128)])
}
