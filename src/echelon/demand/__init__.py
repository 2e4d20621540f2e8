"""Turn what is known of customers' demand into what each stage sees."""
