export { b3, b3multi, propagatorsFromEnvironment } from "./b3.js";
