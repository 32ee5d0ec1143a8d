import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import type { PasswordAlgorithm } from './algorithm'

interface ScryptCost {
  costLog2: number
  blockSize: number
  lanes: number
}

const saltBytes = 16
const hashBytes = 32
const blockSize = 8
const form =
  /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d)\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

const acceptedMemoryBytesMax = 1024 ** 3
const acceptedLanesMax = 10

/** RFC 7914, as PHC strings: `$scrypt$ln=…,r=8,p=1$salt$hash`. */
export class Scrypt implements PasswordAlgorithm {
  constructor(private readonly costLog2: number) {}

  async hash(password: string): Promise<string> {
    const salt = randomBytes(saltBytes)
    const cost = { costLog2: this.costLog2, blockSize, lanes: 1 }
    const key = await derive(password, { salt, cost, sizeBytes: hashBytes })
    return `$scrypt$ln=${this.costLog2},r=${blockSize},p=1$${encode(salt)}$${encode(key)}`
  }

  accepts(stored: string): boolean {
    const cost = parse(stored)?.cost
    if (cost === undefined || cost.costLog2 < 1 || cost.blockSize < 1 || cost.lanes < 1)
      return false
    return memoryBytes(cost) <= acceptedMemoryBytesMax && cost.lanes <= acceptedLanesMax
  }

  async verify(password: string, stored: string): Promise<boolean> {
    const parsed = parse(stored)
    if (parsed === null) return false
    const { salt, cost, key } = parsed
    return timingSafeEqual(await derive(password, { salt, cost, sizeBytes: key.length }), key)
  }

  isStrongEnough(stored: string): boolean {
    const cost = parse(stored)?.cost
    return cost !== undefined && cost.costLog2 >= this.costLog2 && cost.blockSize >= blockSize
  }
}

function parse(stored: string): { cost: ScryptCost; salt: Buffer; key: Buffer } | null {
  const match = form.exec(stored)
  if (match === null) return null
  const [costLog2, r, lanes] = match.slice(1, 4).map(Number) as [number, number, number]
  return {
    cost: { costLog2, blockSize: r, lanes },
    salt: Buffer.from(match[4]!, 'base64'),
    key: Buffer.from(match[5]!, 'base64'),
  }
}

function derive(
  password: string,
  { salt, cost, sizeBytes }: { salt: Buffer; cost: ScryptCost; sizeBytes: number },
): Promise<Buffer> {
  const options = {
    N: 2 ** cost.costLog2,
    r: cost.blockSize,
    p: cost.lanes,
    // What OpenSSL counts is somewhat above the formula's memory.
    maxmem: 2 * memoryBytes(cost) + 1024 ** 2,
  }
  return new Promise((resolve, reject) =>
    scrypt(password, salt, sizeBytes, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    ),
  )
}

function memoryBytes({ costLog2, blockSize: r, lanes }: ScryptCost): number {
  return 128 * r * (2 ** costLog2 + lanes)
}

/** The B64 of the PHC string format: standard alphabet, no padding. */
function encode(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '')
}
