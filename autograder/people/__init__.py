"""Who is who: students as folders here and as rows in a learning platform's lists."""
