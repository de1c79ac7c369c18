/** What is bundled: a server that exports over gRPC. */
import { exportersFromEnvironment } from "connect-clue/otlp-grpc";
import { serve } from "./serve.js";

serve(exportersFromEnvironment());
