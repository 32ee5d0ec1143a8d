/** What every request of the protocol says. */
export const tus = { 'Tus-Resumable': '1.0.0' }

export const pieceType = { 'Content-Type': 'application/offset+octet-stream' }

export function uploadMetadata(texts: Readonly<Record<string, string>>): Record<string, string> {
  const pairs = Object.entries(texts).map(
    ([name, text]) => `${name} ${Buffer.from(text).toString('base64')}`,
  )
  return { 'Upload-Metadata': pairs.join(',') }
}
