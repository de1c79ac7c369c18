export type { HttpHandler, HttpRequest, HttpResponse } from "../call/http-handler.js";
export { type PrometheusHandler, type PrometheusOptions, prometheusHandler } from "./prometheus-handler.js";
