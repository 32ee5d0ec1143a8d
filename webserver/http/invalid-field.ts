import { AppError } from '../domain/errors'

/** That a field of the body asks for what its schema allows and the service does not. */
export function invalidField(field: string, reason: string): AppError {
  return new AppError('invalid', `${field}: ${reason}`, { field })
}
