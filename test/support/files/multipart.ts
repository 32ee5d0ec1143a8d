export interface Part {
  headers: Record<string, string>
  body: Buffer
}

/** The parts of a multipart body (RFC 2046 §5.1), whose boundary the type states. @throws {Error} when it is malformed. */
export function partsOf(contentType: string | undefined, body: Buffer): Part[] {
  const boundary = /^multipart\/byteranges; ?boundary="?([^";]{1,70})"?$/.exec(
    contentType ?? '',
  )?.[1]
  if (boundary === undefined) throw new Error(`no multipart/byteranges: ${contentType}`)
  const parts: Part[] = []
  for (let at = afterText(body, `--${boundary}`, 0); ;) {
    if (body.subarray(at, at + 2).toString() === '--') return parts
    const headersAt = afterText(body, '\r\n', at)
    const bodyAt = afterText(body, '\r\n\r\n', headersAt)
    const next = afterText(body, `\r\n--${boundary}`, bodyAt)
    parts.push({
      headers: headersIn(body.subarray(headersAt, bodyAt - 4).toString('latin1')),
      body: body.subarray(bodyAt, next - boundary.length - 4),
    })
    at = next
  }
}

function headersIn(text: string): Record<string, string> {
  const pairs = text.split('\r\n').map((line) => line.split(': ', 2) as [string, string])
  return Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), value]))
}

function afterText(body: Buffer, text: string, from: number): number {
  const at = body.indexOf(text, from, 'latin1')
  if (at === -1) throw new Error(`there is no ${JSON.stringify(text)} after byte ${from}`)
  return at + text.length
}
