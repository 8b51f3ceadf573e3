/**
 * zod probes `new Function` when the first schema is made, which a strict content security policy reports.
 * The window's entry imports this file before everything else; a side effect at import is its whole point.
 */
import { z } from "zod";

z.config({ jitless: true });
