import type { IncomingHttpHeaders } from 'node:http'

const quoted = /"(?:[^"\\]|\\.)*"/g

/** Whether the client goes on before what it asked for is done (`Prefer: respond-async`, RFC 7240 §4.1). */
export function prefersAsync({ prefer }: IncomingHttpHeaders): boolean {
  const text = Array.isArray(prefer) ? prefer.join(',') : (prefer ?? '')
  const preferences = text.replaceAll(quoted, '').split(',')
  return preferences.some(
    (preference) => preference.split(';', 1)[0]!.trim().toLowerCase() === 'respond-async',
  )
}
