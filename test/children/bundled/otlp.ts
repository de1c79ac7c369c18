/** What is bundled: a server that exports over HTTP. */
import { exportersFromEnvironment } from "connect-clue/otlp";
import { serve } from "./serve.js";

serve(exportersFromEnvironment());
