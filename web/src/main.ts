import "./style/tabler.scss";
import "./style/tokens.css";
import "./style/frame.css";
import "./style/components.css";
import "./style/forms.css";
import "./style/tables.css";
import "./style/pictures.css";
import "./style/observation.css";
import "./style/print.css";

import "./shell/requests";
import "./shell/keys";
import "./shell/windows";
import "./shell/forms";
import "./shell/tables";
import "./shell/clocks";
import "./islands";
