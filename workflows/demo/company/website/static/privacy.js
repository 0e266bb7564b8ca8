// Says so when the portal could not be opened, instead of leaving an empty frame.
"use strict";
document.querySelector("rights-portal").addEventListener("rights-failed", () => {
  document.getElementById("failed").hidden = false;
});
