import { AppError } from '../../domain/errors'

const boundaryLengthMax = 70

/** The boundary of a content type. @throws {AppError} `invalid`. */
export function boundaryOf(contentType: string): string {
  const [, quoted, bare] = /;\s*boundary=(?:"([^"\\\r\n]+)"|([^\s;"]+))/i.exec(contentType) ?? []
  const boundary = quoted ?? bare ?? ''
  if (boundary.length > 0 && boundary.length <= boundaryLengthMax) return boundary
  throw new AppError(
    'invalid',
    `Content-Type must name a boundary of at most ${boundaryLengthMax} characters`,
    { field: 'Content-Type' },
  )
}
