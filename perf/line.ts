const plain = /^[ !#-[\]-~]*$/
const notPlain = /[^ -~]/g
const textLengthMax = 200

/**
 * A JSON string of printable ASCII, whatever is in it: lines stay lines for every tool, and characters are bytes.
 * Values from outside are cut at 200 characters.
 */
export function quote(text: string): string {
  const short = text.length > textLengthMax ? text.slice(0, textLengthMax) : text
  return plain.test(short) ? `"${short}"` : asciiOf(JSON.stringify(short))
}

/** JSON with everything beyond printable ASCII escaped. */
export function asciiOf(json: string): string {
  return json.replace(notPlain, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** A number as JSON; what is not finite becomes 0, since a line that does not parse is worth nothing. */
export function numberText(value: number): string {
  return Number.isFinite(value) ? String(value) : '0'
}

/** A time spent as whole µs; at least 1, so that what happened never reads as nothing. */
export function wholeUs(spentUs: number): number {
  const rounded = Math.round(spentUs)
  return rounded > 0 && rounded <= Number.MAX_SAFE_INTEGER ? rounded : 1
}

/** Times as text. Number to string takes 110 ns beyond 2^31, so the seconds are kept and only the rest is looked up. */
export class TimeText {
  private readonly thousand = Array.from({ length: 1000 }, (_, i) => String(i).padStart(3, '0'))
  private second = -1
  private secondText = ''

  of(us: number): string {
    if (!(us >= 1e6 && us <= Number.MAX_SAFE_INTEGER))
      return us > 0 && us < 1e6 ? String(Math.floor(us)) : '0'
    const second = Math.floor(us / 1e6)
    if (second !== this.second) {
      this.second = second
      this.secondText = String(second)
    }
    const rest = Math.floor(us - second * 1e6)
    const high = Math.floor(rest / 1000)
    return this.secondText + this.thousand[high]! + this.thousand[rest - high * 1000]!
  }
}
