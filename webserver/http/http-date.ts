const day = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)'
const month = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)'
const time = '\\d{2}:\\d{2}:\\d{2}'
const preferred = new RegExp(`^${day}, \\d{2} ${month} \\d{4} ${time} GMT$`)
const rfc850 = new RegExp(`^[A-Z][a-z]+day, \\d{2}-${month}-\\d{2} ${time} GMT$`)
const asctime = new RegExp(`^${day} ${month} [ \\d]\\d ${time} \\d{4}$`)

/** The three forms of RFC 9110 §5.6.7. @returns ms since 1970; null for anything else, which a recipient ignores. */
export function parseHttpDate(text: string): number | null {
  const known = preferred.test(text) || rfc850.test(text)
  if (!known && !asctime.test(text)) return null
  const parsedMs = Date.parse(known ? text : `${text} GMT`)
  return Number.isNaN(parsedMs) ? null : parsedMs
}

export function formatHttpDate(ms: number): string {
  return new Date(ms).toUTCString()
}
