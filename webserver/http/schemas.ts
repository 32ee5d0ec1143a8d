import { z } from 'zod'

/** Input that several routes share. Lengths here only bound the work; the domain has the rules. */
export const nameSchema = z.string().max(256)
export const passwordSchema = z.string().max(1024)

export const timeSchema = z.string().meta({ format: 'date-time' })
