/**
 * Whether ONNX Runtime will stay silent: from 1.29 on it reports to its maker unless this variable is set before the
 * library is loaded.
 */
export function telemetryIsOff(): boolean {
  return process.env['ORT_DISABLE_TELEMETRY'] === '1'
}
