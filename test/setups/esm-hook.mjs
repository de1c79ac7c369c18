// Lets OpenTelemetry's instrumentations see ES modules, by the way that does not warn.
import { register } from "node:module";

register("@opentelemetry/instrumentation/hook.mjs", import.meta.url);
