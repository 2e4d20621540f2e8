"""Results as pages to send: one HTML file each, with pictures and nothing loaded from elsewhere."""
