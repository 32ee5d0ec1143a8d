import { AppError } from '../../domain/errors'

/**
 * JSON as inference clients write it: RFC 8259 and the bare tokens `NaN`, `Infinity` and `-Infinity`; whole numbers
 * beyond 2^53 come out as `bigint`, digit for digit. Several times slower than `JSON.parse`, so it is asked second.
 * The text must not nest deeper than the limit: it is read by recursion.
 * @throws {AppError} `invalid`, with the position.
 */
export function parseExactJson(text: string): unknown {
  return new ExactJson(text).document()
}

const words: Readonly<Record<string, unknown>> = {
  true: true,
  false: false,
  null: null,
  NaN: NaN,
  Infinity: Infinity,
}

class ExactJson {
  private at = 0
  private readonly space = /[ \t\n\r]*/y
  private readonly number = /-?(?:Infinity|(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?)/y
  private readonly word = /[A-Za-z]+/y

  constructor(private readonly text: string) {}

  document(): unknown {
    const value = this.value()
    this.skipSpace()
    if (this.at < this.text.length) this.fail('unexpected text after the value')
    return value
  }

  private value(): unknown {
    this.skipSpace()
    const first = this.text[this.at]
    if (first === '{') return this.object()
    if (first === '[') return this.array()
    if (first === '"') return this.readString()
    if (first === '-' || (first !== undefined && first >= '0' && first <= '9'))
      return this.readNumber()
    return this.readWord()
  }

  private object(): unknown {
    // A key such as __proto__ must stay a key.
    const object = Object.create(null) as Record<string, unknown>
    this.list('}', () => {
      this.skipSpace()
      const key = this.readString()
      this.expect(':')
      object[key] = this.value()
    })
    return object
  }

  private array(): unknown[] {
    const array: unknown[] = []
    this.list(']', () => {
      array.push(this.value())
    })
    return array
  }

  private list(close: string, readItem: () => void): void {
    this.at++
    this.skipSpace()
    if (this.take(close)) return
    do {
      readItem()
      this.skipSpace()
    } while (this.take(','))
    this.expect(close)
  }

  private readString(): string {
    if (this.text[this.at] !== '"') this.fail('expected a string')
    const start = this.at
    let end = this.text.indexOf('"', start + 1)
    while (end !== -1 && this.isEscaped(end)) end = this.text.indexOf('"', end + 1)
    if (end === -1) this.fail('a string does not end')
    this.at = end + 1
    try {
      return JSON.parse(this.text.slice(start, this.at)) as string
    } catch {
      this.fail('invalid string')
    }
  }

  private isEscaped(at: number): boolean {
    let count = 0
    while (this.text[at - 1 - count] === '\\') count++
    return count % 2 === 1
  }

  private readNumber(): number | bigint {
    const token = this.match(this.number)
    if (token === null) this.fail('invalid number')
    const value = Number(token[0])
    const isWhole = token[1] === undefined && token[2] === undefined && Number.isFinite(value)
    return isWhole && !Number.isSafeInteger(value) ? BigInt(token[0]) : value
  }

  private readWord(): unknown {
    const start = this.at
    const word = this.match(this.word)?.[0] ?? ''
    if (Object.hasOwn(words, word)) return words[word]
    this.at = start
    this.fail('expected a value')
  }

  private match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)
    if (found !== null) this.at += found[0].length
    return found
  }

  private skipSpace(): void {
    this.match(this.space)
  }

  private take(character: string): boolean {
    if (this.text[this.at] !== character) return false
    this.at++
    return true
  }

  private expect(character: string): void {
    this.skipSpace()
    if (!this.take(character)) this.fail(`expected ${character}`)
  }

  private fail(what: string): never {
    throw new AppError(
      'invalid',
      `failed to parse the request JSON buffer: ${what} at position ${this.at}`,
    )
  }
}
