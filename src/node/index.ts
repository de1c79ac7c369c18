export { nodeContextValues } from "./context-values.js";
