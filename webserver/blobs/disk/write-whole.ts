import { write } from 'node:fs'
import { promisify } from 'node:util'

const writeAt = promisify(write)

/** The kernel may take less than it is given, above all when the disk is nearly full. */
export async function writeWhole(fd: number, chunk: Buffer, positionBytes: number): Promise<void> {
  let done = 0
  while (done < chunk.length) {
    const rest = chunk.length - done
    const { bytesWritten } = await writeAt(fd, chunk, done, rest, positionBytes + done)
    done += bytesWritten
  }
}
