SwaggerUIBundle({
  dom_id: "#ui",
  url: document.getElementById("ui").dataset.document,
  deepLinking: true,
  persistAuthorization: true,
  displayRequestDuration: true,
  validatorUrl: "none",
});
