const notPlain = /[^ -~]/g
const textLengthMax = 200
const quoteMark = 0x22
const backslash = 0x5c
const zero = 0x30

/** JSON with everything beyond printable ASCII escaped. */
export function asciiOf(json: string): string {
  return json.replace(notPlain, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** A time spent as whole µs; at least 1, so that what happened never reads as nothing. */
export function wholeUs(spentUs: number): number {
  const rounded = Math.round(spentUs)
  return rounded > 0 && rounded <= Number.MAX_SAFE_INTEGER ? rounded : 1
}

/**
 * Lines of printable ASCII as bytes, put together in memory that is used again: joining strings, and making bytes of them
 * later, took three times as long. What does not fit is left out, and then `length` is beyond the memory.
 */
export class LineText {
  readonly memory: Buffer
  length = 0

  constructor(bytesMax: number) {
    this.memory = Buffer.alloc(bytesMax)
  }

  /** @param text ASCII. */
  add(text: string): void {
    const { memory, length } = this
    for (let i = 0; i < text.length; i++) memory[length + i] = text.charCodeAt(i)
    this.length = length + text.length
  }

  /**
   * A JSON string of printable ASCII, whatever is in it: lines stay lines for every tool, and characters are bytes.
   * Values from outside are cut at 200 characters.
   */
  addQuoted(text: string): void {
    const { memory } = this
    const end = Math.min(text.length, textLengthMax)
    let at = this.length
    memory[at++] = quoteMark
    for (let i = 0; i < end; i++) {
      const code = text.charCodeAt(i)
      if (code < 0x20 || code > 0x7e || code === quoteMark || code === backslash) {
        this.add(asciiOf(JSON.stringify(text.slice(0, end))))
        return
      }
      memory[at++] = code
    }
    memory[at++] = quoteMark
    this.length = at
  }

  /** A number as JSON; what is not finite becomes 0, since a line that does not parse is worth nothing. */
  addNumber(value: number): void {
    if (value >= 0 && value < 2 ** 31 && Number.isInteger(value)) this.addDigits(value, 1)
    else this.add(Number.isFinite(value) ? String(value) : '0')
  }

  /** A point in time in whole µs. Number to text takes 110 ns beyond 2^31, so seconds and the rest are written apart. */
  addTime(us: number): void {
    if (!(us > 0 && us <= Number.MAX_SAFE_INTEGER)) this.addDigits(0, 1)
    else if (us < 1e6) this.addDigits(Math.floor(us), 1)
    else {
      const second = Math.floor(us / 1e6)
      this.addNumber(second)
      this.addDigits(Math.floor(us - second * 1e6), 6)
    }
  }

  /** @param value whole, from 0 to 2^31 - 1. */
  private addDigits(value: number, digitsMin: number): void {
    let digits = digitsMin
    for (let limit = 10 ** digitsMin; value >= limit; limit *= 10) digits++
    this.length += digits
    let rest = value
    for (let at = 1; at <= digits; at++) {
      const next = (rest / 10) | 0
      this.memory[this.length - at] = zero + rest - next * 10
      rest = next
    }
  }
}
