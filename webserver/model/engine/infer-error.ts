import { AppError, type ErrorCode } from '../../domain/errors'

/** The engine's table of codes to HTTP status, for `{"error": …}` bodies. */
export const statusOf: Readonly<Record<ErrorCode, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  gone: 410,
  method_not_allowed: 405,
  conflict: 409,
  precondition_failed: 412,
  precondition_required: 428,
  locked: 423,
  checksum_mismatch: 460,
  range_not_satisfiable: 416,
  too_large: 413,
  quota_exceeded: 413,
  storage_full: 507,
  unsupported: 501,
  rate_limited: 429,
  unavailable: 503,
  deadline: 504,
  internal: 500,
}

const messageLengthMax = 400

// How ONNX Runtime begins when the fault is in what it was given, beyond what the model's description can tell.
const inputFault = /INVALID_ARGUMENT|^Got invalid dimensions|^Invalid rank|^Invalid input/

/** What ONNX Runtime said about a run, for the caller. */
export function runError(error: unknown, model: string): AppError {
  if (error instanceof AppError) return error
  const text = error instanceof Error ? error.message : String(error)
  const reason = firstLine(text)
  const code = inputFault.test(text) ? 'invalid' : 'internal'
  return new AppError(code, `model '${model}' failed to run: ${reason}`, { cause: error })
}

/** Why a model could not be loaded: one line without the file's place on this machine. */
export function loadReason(error: unknown, path: string): string {
  const text = error instanceof Error ? error.message : String(error)
  return firstLine(text.replaceAll(path, 'model.onnx'))
}

/** Whether a run or load failed because it asked for more memory than the process may have. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && /bad_alloc|Failed to allocate memory/.test(error.message)
}

// A file of its source, the line, and the signature of the function there.
const placeInSource = /\/\S*\/onnxruntime\/[^\s:]*(?::\d+ [^()]*\([^)]*\)(?: const)?)?/g

/** Of a message: without ONNX Runtime's places in its source, and cut where it is long. */
export function firstLine(text: string): string {
  const start = text.slice(0, 4 * messageLengthMax).split('\n', 1)[0]!
  const line = start.replace(placeInSource, '').replace(/ {2,}/g, ' ').trim()
  return line.length <= messageLengthMax ? line : `${line.slice(0, messageLengthMax)}…`
}
